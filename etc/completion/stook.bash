# SPDX-License-Identifier: Apache-2.0
# Completion of stook and stookd for bash; `stook complete` knows what may come.

_stook() {
  local current=${COMP_WORDS[COMP_CWORD]} stook=stook line word
  [[ $1 == *stookd ]] || stook=$1
  COMPREPLY=()
  while IFS= read -r line; do
    word=${line%%$'\t'*}
    case $word in
      :files)
        compopt -o filenames 2>/dev/null
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
        ;;
      :folders)
        compopt -o filenames 2>/dev/null
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$current")
        ;;
      *) COMPREPLY+=("$word") ;;
    esac
  done < <("$stook" complete -- "${COMP_WORDS[@]:0:COMP_CWORD}" "$current" 2>/dev/null)
}

complete -F _stook stook stookd
