# SPDX-License-Identifier: Apache-2.0
# Completion of stook and stookd for fish; `stook complete` knows what may come.

function __stook_complete
    set -l current (commandline --current-token)
    for line in (stook complete -- (commandline --tokenize --cut-at-cursor --current-process) "$current" 2>/dev/null)
        switch $line
            case ':files*'
                __fish_complete_path "$current"
            case ':folders*'
                __fish_complete_directories "$current" ''
            case '*'
                echo $line
        end
    end
end

complete --command stook --no-files --arguments '(__stook_complete)'
complete --command stookd --no-files --arguments '(__stook_complete)'
