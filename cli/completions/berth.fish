# fish completion for berth: asks the program what may come next.
function __berth_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  for line in ($words[1] complete -- $words[2..] "$current" 2>/dev/null)
    if test "$line" = :files
      set -l option (string match -r -- '^--[^=]+=' "$current")
      for path in (__fish_complete_path (string replace -- "$option" '' "$current"))
        echo "$option$path"
      end
    else
      echo $line
    end
  end
end
complete -c berth -f -a '(__berth_complete)'
