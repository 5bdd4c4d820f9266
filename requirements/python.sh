#!/bin/sh
# Prints the interpreter of the first of some versions that is installed: requirements/python.sh 3.13 3.12
# It must run and be able to make environments: pyenv has commands on PATH for versions that are not chosen, and
# Debian packages Python without ensurepip. Status 1: there is none.
is_there='import ensurepip, sys; sys.exit("%d.%d" % sys.version_info[:2] != sys.argv[1] or print(sys.executable))'
versions=$(pyenv root 2>/dev/null)/versions
for version; do
  for python in "python$version" python3 "$versions/$version".*[0-9]/bin/python; do
    "$python" -c "$is_there" "$version" 2>/dev/null && exit
  done
done
exit 1
