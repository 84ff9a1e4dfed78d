
# Completes the piece of a chain that is being written: it begins behind a lone +,
# behind check or listen, and at the handler of a buffer or queue. Behind -- there is
# a command.
_lh() {
    local i start=0 before=0 named=0
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "${COMP_WORDS[i]}" in
            --)
                COMPREPLY=()
                if ((i + 1 == COMP_CWORD)); then
                    COMPREPLY=($(compgen -c -- "$2"))
                fi
                return 0
                ;;
            +)
                start=$i before=0 named=0
                ;;
            buffer | queue | check | listen)
                ((named)) || before=$i
                ;;
            @HANDLERS@)
                ((before)) && start=$((i - 1))
                before=0 named=1
                ;;
        esac
    done
    # The handler's name, unless it is an option or the value of one.
    if ((before)) && [[ "$2" != -* ]]; then
        case "${COMP_WORDS[COMP_CWORD - 1]}" in
            @FLAGS@) start=$((COMP_CWORD - 1)) ;;
            -*) ;;
            *) start=$((COMP_CWORD - 1)) ;;
        esac
    fi
    COMP_WORDS=("$1" "${COMP_WORDS[@]:start+1}")
    COMP_CWORD=$((COMP_CWORD - start))
    _lh_piece "$@"
}
