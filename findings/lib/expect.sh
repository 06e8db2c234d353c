# Prints what was seen, and ends the script when it is not what was seen before.
expect() { # what it is, what it was when this was written, what it is now
  if [ "$2" = "$3" ]; then printf '%s: %s\n' "$1" "$3"; else
    printf '%s changed\n  was: %s\n  is:  %s\n' "$1" "$2" "$3"; exit 1
  fi
}
