# SPDX-License-Identifier: Apache-2.0
"""Writes the files of vocabularies as the table of core/lua/agent/vocabulary.hh: embed.py OUT FILE.lua…"""

import os
import sys

out, *files = sys.argv[1:]
with open(out, "w", encoding="utf-8") as to:
    to.write('#include "core/lua/agent/vocabulary.hh"\n\nnamespace stook {\nconst VocabularyPart vocabulary_parts[] = {\n')
    for path in files:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        folder, name = os.path.split(path)
        to.write('    {"%s", "%s", R"text~(%s)text~", %d},\n' % (os.path.basename(folder), name.removesuffix(".lua"), text,
                                                               len(text.encode())))
    to.write("};\nconst size_t vocabulary_part_count = %d;\n}  // namespace stook\n" % len(files))
