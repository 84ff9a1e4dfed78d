
# Completes the piece of a chain that is being written: it begins behind a lone +,
# behind check or listen, and at the handler of a buffer or queue. Behind -- there is
# a command.
_lh() {
    local -i i start=1 before=0 named=0
    for ((i = 2; i < CURRENT; i++)); do
        case "$words[i]" in
            --)
                words=("${(@)words[i+1,-1]}")
                CURRENT=$((CURRENT - i))
                _normal
                return
                ;;
            +)
                start=i before=0 named=0
                ;;
            buffer|queue|check|listen)
                ((named)) || before=i
                ;;
            @HANDLERS@)
                ((before)) && start=$((i - 1))
                before=0 named=1
                ;;
        esac
    done
    # The handler's name, unless it is an option or the value of one.
    if ((before)) && [[ "$words[CURRENT]" != -* ]]; then
        case "$words[CURRENT-1]" in
            @FLAGS@) start=$((CURRENT - 1)) ;;
            -*) ;;
            *) start=$((CURRENT - 1)) ;;
        esac
    fi
    words=("$words[1]" "${(@)words[start+1,-1]}")
    CURRENT=$((CURRENT - start + 1))
    _lh_piece "$@"
}
