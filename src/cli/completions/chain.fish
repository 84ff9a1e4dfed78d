# The words of the piece of a chain that is being written, before the cursor: it
# begins behind a lone +, behind check or listen, and at the handler of a buffer or
# queue.
function __fish_lh_piece
    set -l words (commandline -opc)
    set -l start 1
    set -l before 0
    set -l named 0
    for i in (seq 2 (count $words))
        switch $words[$i]
            case +
                set start $i
                set before 0
                set named 0
            case buffer queue check listen
                test $named = 0
                and set before $i
            case @HANDLERS@
                test $before = 0
                or set start (math $i - 1)
                set before 0
                set named 1
        end
    end
    # The handler's name, unless it is an option or the value of one.
    if test $before != 0
        and not string match -q -- '-*' (commandline -ct)
        switch $words[-1]
            case @FLAGS@
                set start (count $words)
            case '-*'
            case '*'
                set start (count $words)
        end
    end
    string join \n -- $words[1] $words[(math $start + 1)..]
end

# Whether a command stands behind --, which has completions of its own.
function __fish_lh_behind_dashes
    contains -- -- (commandline -opc)
end

function __fish_lh_command
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words)
    set -e words[1..$at]
    complete -C (string join ' ' -- (string escape -- $words) "$(commandline -ct)")
end

