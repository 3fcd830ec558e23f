# SPDX-License-Identifier: Apache-2.0
"""Writes the live page, with its style and script put in, as the text of core/run/live/live_page.hh: embed.py OUT PAGE PART…"""

import os
import sys

out, page, *parts = sys.argv[1:]
with open(page, encoding="utf-8") as file:
    text = file.read()
for part in parts:
    with open(part, encoding="utf-8") as file:
        text = text.replace("@%s@\n" % os.path.basename(part), file.read())
with open(out, "w", encoding="utf-8") as file:
    file.write('#include "core/run/live/live_page.hh"\n\nnamespace stook {\n')
    file.write('const std::string_view LivePage::text = R"page~(%s)page~";\n}  // namespace stook\n' % text)
