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
            case stream null file rotate timed syslog socket udp smtp eventlog http
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
            case --detect-level --flush-on-failure --help --no-flush-on-close --progress --pty --quiet --ring --stats --strip-ansi --tee -h -q
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

# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_lh_global_optspecs
    string join \n i/input= m/message= level= detect-level level-scale= name= field= max-record= oversize= join= join-timeout= strip-ansi mask= dedup= progress stats metrics-file= tee stdout-level= stderr-level= pty grace= q/quiet h/help V/version
end

function __fish_lh_needs_command
    __fish_lh_behind_dashes
    and return 1
    # Figure out if the current invocation already has a command.
    set -l cmd (__fish_lh_piece)
    set -e cmd[1]
    argparse -s (__fish_lh_global_optspecs) -- $cmd 2>/dev/null
    or argparse -s (__fish_lh_global_optspecs) -- $cmd[1..-2] 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_lh_using_subcommand
    set -l cmd (__fish_lh_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c lh -n "__fish_lh_needs_command" -s i -l input -d 'How stdin is read' -r -f -a "lines\t''
json\t''
auto\t''"
complete -c lh -n "__fish_lh_needs_command" -s m -l message -d 'One record with this text, in place of stdin' -r
complete -c lh -n "__fish_lh_needs_command" -l level -d 'Level of records that carry none [default: INFO; ERROR for the stderr of a command]' -r
complete -c lh -n "__fish_lh_needs_command" -l level-scale -d 'How a level that is a number is read [default: auto]' -r -f -a "auto\t'By the key and what stands beside it'
python\t'10 debug to 50 critical'
syslog\t'7 debug to 0 emergency'
pino\t'10 trace to 60 fatal, as bunyan too'"
complete -c lh -n "__fish_lh_needs_command" -l name -d 'Logger name of every record that has none [default: root]' -r
complete -c lh -n "__fish_lh_needs_command" -l field -d 'An attribute for every record; several allowed' -r
complete -c lh -n "__fish_lh_needs_command" -l max-record -d 'Longest record, without its newline [default: 1M]' -r
complete -c lh -n "__fish_lh_needs_command" -l oversize -d 'What becomes of a longer line [default: split]' -r -f -a "split\t''
truncate\t''
drop\t''"
complete -c lh -n "__fish_lh_needs_command" -l join -d 'Make lines that continue the one before a part of its record' -r
complete -c lh -n "__fish_lh_needs_command" -l join-timeout -d 'How long a record is held back for lines that continue it [default: 1s]' -r
complete -c lh -n "__fish_lh_needs_command" -l mask -d 'Replace what matches, before any handler sees it [default TEXT: ***]' -r
complete -c lh -n "__fish_lh_needs_command" -l dedup -d 'Sum up records that repeat the one before' -r
complete -c lh -n "__fish_lh_needs_command" -l metrics-file -d 'The same figures in Prometheus text format, in a file that is replaced every 15 s and at the end' -r -F
complete -c lh -n "__fish_lh_needs_command" -l stdout-level -d 'Level of what the command writes to stdout [default: INFO]' -r
complete -c lh -n "__fish_lh_needs_command" -l stderr-level -d 'Level of what the command writes to stderr [default: ERROR]' -r
complete -c lh -n "__fish_lh_needs_command" -l grace -d 'How long to read on when the command has ended and something that it started holds its output open [default: 5s]' -r
complete -c lh -n "__fish_lh_needs_command" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_needs_command" -l strip-ansi -d 'Take colours and other escape sequences out, and what was overwritten'
complete -c lh -n "__fish_lh_needs_command" -l progress -d 'A live line on stderr: records, bytes, rate, rollovers, queues, errors'
complete -c lh -n "__fish_lh_needs_command" -l stats -d 'What was read and what became of it: one JSON object on stderr at the end, and at SIGUSR1'
complete -c lh -n "__fish_lh_needs_command" -l tee -d 'Pass the input through to stdout as it came'
complete -c lh -n "__fish_lh_needs_command" -l pty -d 'Give the command a terminal for each output, so that it writes line by line'
complete -c lh -n "__fish_lh_needs_command" -s q -l quiet -d 'No warnings; errors stay'
complete -c lh -n "__fish_lh_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_needs_command" -s V -l version -d 'Print version'
complete -c lh -n "__fish_lh_needs_command" -f -a "stream" -d 'Write to standard output or standard error (StreamHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "null" -d 'Accept everything and write nothing (NullHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "file" -d 'Append to one file (FileHandler, WatchedFileHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "rotate" -d 'Append to a file that is rolled over by size (RotatingFileHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "timed" -d 'Append to a file that is rolled over by the clock (TimedRotatingFileHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "syslog" -d 'Send to a syslog daemon, on this machine or another (SysLogHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "socket" -d 'Send over a stream: tcp, tls or a unix socket (SocketHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "udp" -d 'Send each record as a datagram: udp or a unix datagram socket (DatagramHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "smtp" -d 'Send as mails, a record in each or many (SMTPHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "eventlog" -d 'Write to the operating system\'s event log: systemd\'s journal, or that of Windows (NTEventLogHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "http" -d 'Send in the bodies of HTTP requests, one record or many in each (HTTPHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "buffer" -d 'Hold records back for the handler that follows (MemoryHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "queue" -d 'Run the handler that follows on a thread of its own (QueueHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "listen" -d 'Receive records over a network and put them through handlers'
complete -c lh -n "__fish_lh_needs_command" -f -a "check" -d 'Try whether a chain can deliver, and send nothing'
complete -c lh -n "__fish_lh_needs_command" -f -a "spool" -d 'Look into a spool, the records that a handler keeps on the disk until they are delivered, and mend it'
complete -c lh -n "__fish_lh_needs_command" -f -a "cat" -d 'Print a file with its rolled-over files, in the order in which they were written'
complete -c lh -n "__fish_lh_needs_command" -f -a "tail" -d 'Print the last lines of a file with its rolled-over files, and follow it'
complete -c lh -n "__fish_lh_needs_command" -f -a "completions" -d 'Print the completions of a shell'
complete -c lh -n "__fish_lh_needs_command" -f -a "man" -d 'Print the manual page lh(1), or write all pages into a directory'
complete -c lh -n "__fish_lh_using_subcommand stream" -l flush -d 'A write for each record, or for each batch that was read [default: batch]' -r -f -a "record\t''
batch\t''"
complete -c lh -n "__fish_lh_using_subcommand stream" -l min-level -d 'Leave out records below this level' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l include -d 'Only messages that match; of several, one has to' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l exclude -d 'No messages that match' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -s f -l format -d 'raw, message, text, json, logfmt, or a template [default: raw, behind listen text; of syslog, eventlog and smtp: message]' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l datefmt -d 'How {asctime} is written [default: 2003-07-08 16:49:45,896]' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l terminator -d 'What ends a record in a file or stream, with \\n \\r \\t \\0 \\\\ \\xNN [default: a newline]' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l on-error -d 'What a failed write does [default: block]' -r -f -a "block\t''
drop\t''
prune\t''
exit\t''"
complete -c lh -n "__fish_lh_using_subcommand stream" -l dead-letter -d 'Keep what is given up in this file, as JSON lines with the reason' -r -F
complete -c lh -n "__fish_lh_using_subcommand stream" -s i -l input -d 'How stdin is read' -r -f -a "lines\t''
json\t''
auto\t''"
complete -c lh -n "__fish_lh_using_subcommand stream" -s m -l message -d 'One record with this text, in place of stdin' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l level -d 'Level of records that carry none [default: INFO; ERROR for the stderr of a command]' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l level-scale -d 'How a level that is a number is read [default: auto]' -r -f -a "auto\t'By the key and what stands beside it'
python\t'10 debug to 50 critical'
syslog\t'7 debug to 0 emergency'
pino\t'10 trace to 60 fatal, as bunyan too'"
complete -c lh -n "__fish_lh_using_subcommand stream" -l name -d 'Logger name of every record that has none [default: root]' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l field -d 'An attribute for every record; several allowed' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l max-record -d 'Longest record, without its newline [default: 1M]' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l oversize -d 'What becomes of a longer line [default: split]' -r -f -a "split\t''
truncate\t''
drop\t''"
complete -c lh -n "__fish_lh_using_subcommand stream" -l join -d 'Make lines that continue the one before a part of its record' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l join-timeout -d 'How long a record is held back for lines that continue it [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l mask -d 'Replace what matches, before any handler sees it [default TEXT: ***]' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l dedup -d 'Sum up records that repeat the one before' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l metrics-file -d 'The same figures in Prometheus text format, in a file that is replaced every 15 s and at the end' -r -F
complete -c lh -n "__fish_lh_using_subcommand stream" -l stdout-level -d 'Level of what the command writes to stdout [default: INFO]' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l stderr-level -d 'Level of what the command writes to stderr [default: ERROR]' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l grace -d 'How long to read on when the command has ended and something that it started holds its output open [default: 5s]' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l stderr -d 'Write to standard error'
complete -c lh -n "__fish_lh_using_subcommand stream" -l utc -d 'Times in UTC: in the format, and in the calendar of rollovers'
complete -c lh -n "__fish_lh_using_subcommand stream" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_using_subcommand stream" -l strip-ansi -d 'Take colours and other escape sequences out, and what was overwritten'
complete -c lh -n "__fish_lh_using_subcommand stream" -l progress -d 'A live line on stderr: records, bytes, rate, rollovers, queues, errors'
complete -c lh -n "__fish_lh_using_subcommand stream" -l stats -d 'What was read and what became of it: one JSON object on stderr at the end, and at SIGUSR1'
complete -c lh -n "__fish_lh_using_subcommand stream" -l tee -d 'Pass the input through to stdout as it came'
complete -c lh -n "__fish_lh_using_subcommand stream" -l pty -d 'Give the command a terminal for each output, so that it writes line by line'
complete -c lh -n "__fish_lh_using_subcommand stream" -s q -l quiet -d 'No warnings; errors stay'
complete -c lh -n "__fish_lh_using_subcommand stream" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand null" -l min-level -d 'Leave out records below this level' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l include -d 'Only messages that match; of several, one has to' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l exclude -d 'No messages that match' -r
complete -c lh -n "__fish_lh_using_subcommand null" -s f -l format -d 'raw, message, text, json, logfmt, or a template [default: raw, behind listen text; of syslog, eventlog and smtp: message]' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l datefmt -d 'How {asctime} is written [default: 2003-07-08 16:49:45,896]' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l terminator -d 'What ends a record in a file or stream, with \\n \\r \\t \\0 \\\\ \\xNN [default: a newline]' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l on-error -d 'What a failed write does [default: block]' -r -f -a "block\t''
drop\t''
prune\t''
exit\t''"
complete -c lh -n "__fish_lh_using_subcommand null" -l dead-letter -d 'Keep what is given up in this file, as JSON lines with the reason' -r -F
complete -c lh -n "__fish_lh_using_subcommand null" -s i -l input -d 'How stdin is read' -r -f -a "lines\t''
json\t''
auto\t''"
complete -c lh -n "__fish_lh_using_subcommand null" -s m -l message -d 'One record with this text, in place of stdin' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l level -d 'Level of records that carry none [default: INFO; ERROR for the stderr of a command]' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l level-scale -d 'How a level that is a number is read [default: auto]' -r -f -a "auto\t'By the key and what stands beside it'
python\t'10 debug to 50 critical'
syslog\t'7 debug to 0 emergency'
pino\t'10 trace to 60 fatal, as bunyan too'"
complete -c lh -n "__fish_lh_using_subcommand null" -l name -d 'Logger name of every record that has none [default: root]' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l field -d 'An attribute for every record; several allowed' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l max-record -d 'Longest record, without its newline [default: 1M]' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l oversize -d 'What becomes of a longer line [default: split]' -r -f -a "split\t''
truncate\t''
drop\t''"
complete -c lh -n "__fish_lh_using_subcommand null" -l join -d 'Make lines that continue the one before a part of its record' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l join-timeout -d 'How long a record is held back for lines that continue it [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l mask -d 'Replace what matches, before any handler sees it [default TEXT: ***]' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l dedup -d 'Sum up records that repeat the one before' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l metrics-file -d 'The same figures in Prometheus text format, in a file that is replaced every 15 s and at the end' -r -F
complete -c lh -n "__fish_lh_using_subcommand null" -l stdout-level -d 'Level of what the command writes to stdout [default: INFO]' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l stderr-level -d 'Level of what the command writes to stderr [default: ERROR]' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l grace -d 'How long to read on when the command has ended and something that it started holds its output open [default: 5s]' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l utc -d 'Times in UTC: in the format, and in the calendar of rollovers'
complete -c lh -n "__fish_lh_using_subcommand null" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_using_subcommand null" -l strip-ansi -d 'Take colours and other escape sequences out, and what was overwritten'
complete -c lh -n "__fish_lh_using_subcommand null" -l progress -d 'A live line on stderr: records, bytes, rate, rollovers, queues, errors'
complete -c lh -n "__fish_lh_using_subcommand null" -l stats -d 'What was read and what became of it: one JSON object on stderr at the end, and at SIGUSR1'
complete -c lh -n "__fish_lh_using_subcommand null" -l tee -d 'Pass the input through to stdout as it came'
complete -c lh -n "__fish_lh_using_subcommand null" -l pty -d 'Give the command a terminal for each output, so that it writes line by line'
complete -c lh -n "__fish_lh_using_subcommand null" -s q -l quiet -d 'No warnings; errors stay'
complete -c lh -n "__fish_lh_using_subcommand null" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand file" -l mode -d 'Append to what is there, or empty it at the start [default: append]' -r -f -a "append\t''
truncate\t''"
complete -c lh -n "__fish_lh_using_subcommand file" -l encoding -d 'The file\'s encoding; of records, the bytes are taken as UTF-8' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l encoding-errors -d 'What becomes of a character that the encoding lacks [default: strict]' -r -f -a "strict\t''
replace\t''
ignore\t''
backslashreplace\t''"
complete -c lh -n "__fish_lh_using_subcommand file" -l perm -d 'Permission bits of files that are made, whatever the umask is' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l fsync -d 'When records are made durable: never, batch, close, or SECONDS [default: never]' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l min-level -d 'Leave out records below this level' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l include -d 'Only messages that match; of several, one has to' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l exclude -d 'No messages that match' -r
complete -c lh -n "__fish_lh_using_subcommand file" -s f -l format -d 'raw, message, text, json, logfmt, or a template [default: raw, behind listen text; of syslog, eventlog and smtp: message]' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l datefmt -d 'How {asctime} is written [default: 2003-07-08 16:49:45,896]' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l terminator -d 'What ends a record in a file or stream, with \\n \\r \\t \\0 \\\\ \\xNN [default: a newline]' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l on-error -d 'What a failed write does [default: block]' -r -f -a "block\t''
drop\t''
prune\t''
exit\t''"
complete -c lh -n "__fish_lh_using_subcommand file" -l dead-letter -d 'Keep what is given up in this file, as JSON lines with the reason' -r -F
complete -c lh -n "__fish_lh_using_subcommand file" -s i -l input -d 'How stdin is read' -r -f -a "lines\t''
json\t''
auto\t''"
complete -c lh -n "__fish_lh_using_subcommand file" -s m -l message -d 'One record with this text, in place of stdin' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l level -d 'Level of records that carry none [default: INFO; ERROR for the stderr of a command]' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l level-scale -d 'How a level that is a number is read [default: auto]' -r -f -a "auto\t'By the key and what stands beside it'
python\t'10 debug to 50 critical'
syslog\t'7 debug to 0 emergency'
pino\t'10 trace to 60 fatal, as bunyan too'"
complete -c lh -n "__fish_lh_using_subcommand file" -l name -d 'Logger name of every record that has none [default: root]' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l field -d 'An attribute for every record; several allowed' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l max-record -d 'Longest record, without its newline [default: 1M]' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l oversize -d 'What becomes of a longer line [default: split]' -r -f -a "split\t''
truncate\t''
drop\t''"
complete -c lh -n "__fish_lh_using_subcommand file" -l join -d 'Make lines that continue the one before a part of its record' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l join-timeout -d 'How long a record is held back for lines that continue it [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l mask -d 'Replace what matches, before any handler sees it [default TEXT: ***]' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l dedup -d 'Sum up records that repeat the one before' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l metrics-file -d 'The same figures in Prometheus text format, in a file that is replaced every 15 s and at the end' -r -F
complete -c lh -n "__fish_lh_using_subcommand file" -l stdout-level -d 'Level of what the command writes to stdout [default: INFO]' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l stderr-level -d 'Level of what the command writes to stderr [default: ERROR]' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l grace -d 'How long to read on when the command has ended and something that it started holds its output open [default: 5s]' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l delay -d 'Open the file at the first record'
complete -c lh -n "__fish_lh_using_subcommand file" -l watch -d 'Open the file anew when another, or none, stands under its name'
complete -c lh -n "__fish_lh_using_subcommand file" -l mkdir -d 'Make missing directories'
complete -c lh -n "__fish_lh_using_subcommand file" -l follow -d 'Take a symbolic link, hard link, FIFO or device even in a directory that others can write, where it may have been planted'
complete -c lh -n "__fish_lh_using_subcommand file" -l no-lock -d 'Do not lock the file against other lh processes on it'
complete -c lh -n "__fish_lh_using_subcommand file" -l utc -d 'Times in UTC: in the format, and in the calendar of rollovers'
complete -c lh -n "__fish_lh_using_subcommand file" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_using_subcommand file" -l strip-ansi -d 'Take colours and other escape sequences out, and what was overwritten'
complete -c lh -n "__fish_lh_using_subcommand file" -l progress -d 'A live line on stderr: records, bytes, rate, rollovers, queues, errors'
complete -c lh -n "__fish_lh_using_subcommand file" -l stats -d 'What was read and what became of it: one JSON object on stderr at the end, and at SIGUSR1'
complete -c lh -n "__fish_lh_using_subcommand file" -l tee -d 'Pass the input through to stdout as it came'
complete -c lh -n "__fish_lh_using_subcommand file" -l pty -d 'Give the command a terminal for each output, so that it writes line by line'
complete -c lh -n "__fish_lh_using_subcommand file" -s q -l quiet -d 'No warnings; errors stay'
complete -c lh -n "__fish_lh_using_subcommand file" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand rotate" -l mode -d 'Append to what is there, or empty it at the start [default: append]' -r -f -a "append\t''
truncate\t''"
complete -c lh -n "__fish_lh_using_subcommand rotate" -l encoding -d 'The file\'s encoding; of records, the bytes are taken as UTF-8' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l encoding-errors -d 'What becomes of a character that the encoding lacks [default: strict]' -r -f -a "strict\t''
replace\t''
ignore\t''
backslashreplace\t''"
complete -c lh -n "__fish_lh_using_subcommand rotate" -l perm -d 'Permission bits of files that are made, whatever the umask is' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l fsync -d 'When records are made durable: never, batch, close, or SECONDS [default: never]' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l max-bytes -d 'A file does not reach this size in bytes, unless one record alone is longer' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l backups -d 'How many rolled-over files are kept [default: 0]' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l when -d 'Roll over by the clock: S, M, H, D, W0 (Monday) to W6, or midnight' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l interval -d 'Every so many seconds, hours, ..., weeks [default: 1]' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l at-time -d 'Time of day for midnight and W0 to W6, HH:MM[:SS]' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l plan -d 'Print the next N rollovers, a moment and a name each, and end' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l namer -d 'The names of rolled-over files' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l compress -d 'Compress them in the background: gzip or zstd, gzip:9, zstd:19' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l rotator -d 'A shell command that takes the place of the rename' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l on-rotate -d 'A shell command for each, in the background, after the compression' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l max-age -d 'Delete those that were last written longer ago; 0 is no limit' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l max-total -d 'Delete the oldest so that all together, the current file included, stay within this size; 0 is no limit' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l min-free -d 'Delete the oldest so that this much of the disk is free; 0 is no limit' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l link -d 'Keep a symbolic link of this name on the current file' -r -F
complete -c lh -n "__fish_lh_using_subcommand rotate" -l min-level -d 'Leave out records below this level' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l include -d 'Only messages that match; of several, one has to' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l exclude -d 'No messages that match' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -s f -l format -d 'raw, message, text, json, logfmt, or a template [default: raw, behind listen text; of syslog, eventlog and smtp: message]' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l datefmt -d 'How {asctime} is written [default: 2003-07-08 16:49:45,896]' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l terminator -d 'What ends a record in a file or stream, with \\n \\r \\t \\0 \\\\ \\xNN [default: a newline]' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l on-error -d 'What a failed write does [default: block]' -r -f -a "block\t''
drop\t''
prune\t''
exit\t''"
complete -c lh -n "__fish_lh_using_subcommand rotate" -l dead-letter -d 'Keep what is given up in this file, as JSON lines with the reason' -r -F
complete -c lh -n "__fish_lh_using_subcommand rotate" -s i -l input -d 'How stdin is read' -r -f -a "lines\t''
json\t''
auto\t''"
complete -c lh -n "__fish_lh_using_subcommand rotate" -s m -l message -d 'One record with this text, in place of stdin' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l level -d 'Level of records that carry none [default: INFO; ERROR for the stderr of a command]' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l level-scale -d 'How a level that is a number is read [default: auto]' -r -f -a "auto\t'By the key and what stands beside it'
python\t'10 debug to 50 critical'
syslog\t'7 debug to 0 emergency'
pino\t'10 trace to 60 fatal, as bunyan too'"
complete -c lh -n "__fish_lh_using_subcommand rotate" -l name -d 'Logger name of every record that has none [default: root]' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l field -d 'An attribute for every record; several allowed' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l max-record -d 'Longest record, without its newline [default: 1M]' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l oversize -d 'What becomes of a longer line [default: split]' -r -f -a "split\t''
truncate\t''
drop\t''"
complete -c lh -n "__fish_lh_using_subcommand rotate" -l join -d 'Make lines that continue the one before a part of its record' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l join-timeout -d 'How long a record is held back for lines that continue it [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l mask -d 'Replace what matches, before any handler sees it [default TEXT: ***]' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l dedup -d 'Sum up records that repeat the one before' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l metrics-file -d 'The same figures in Prometheus text format, in a file that is replaced every 15 s and at the end' -r -F
complete -c lh -n "__fish_lh_using_subcommand rotate" -l stdout-level -d 'Level of what the command writes to stdout [default: INFO]' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l stderr-level -d 'Level of what the command writes to stderr [default: ERROR]' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l grace -d 'How long to read on when the command has ended and something that it started holds its output open [default: 5s]' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l delay -d 'Open the file at the first record'
complete -c lh -n "__fish_lh_using_subcommand rotate" -l watch -d 'Open the file anew when another, or none, stands under its name'
complete -c lh -n "__fish_lh_using_subcommand rotate" -l mkdir -d 'Make missing directories'
complete -c lh -n "__fish_lh_using_subcommand rotate" -l follow -d 'Take a symbolic link, hard link, FIFO or device even in a directory that others can write, where it may have been planted'
complete -c lh -n "__fish_lh_using_subcommand rotate" -l no-lock -d 'Do not lock the file against other lh processes on it'
complete -c lh -n "__fish_lh_using_subcommand rotate" -l align -d 'S, M, H and D at round times: H at :00, M at :00 seconds, D at midnight'
complete -c lh -n "__fish_lh_using_subcommand rotate" -l eager -d 'Roll over at the moment, not at the first record after it'
complete -c lh -n "__fish_lh_using_subcommand rotate" -l dry-run -d 'List what the next rollover would delete, and by which option, and end'
complete -c lh -n "__fish_lh_using_subcommand rotate" -l utc -d 'Times in UTC: in the format, and in the calendar of rollovers'
complete -c lh -n "__fish_lh_using_subcommand rotate" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_using_subcommand rotate" -l strip-ansi -d 'Take colours and other escape sequences out, and what was overwritten'
complete -c lh -n "__fish_lh_using_subcommand rotate" -l progress -d 'A live line on stderr: records, bytes, rate, rollovers, queues, errors'
complete -c lh -n "__fish_lh_using_subcommand rotate" -l stats -d 'What was read and what became of it: one JSON object on stderr at the end, and at SIGUSR1'
complete -c lh -n "__fish_lh_using_subcommand rotate" -l tee -d 'Pass the input through to stdout as it came'
complete -c lh -n "__fish_lh_using_subcommand rotate" -l pty -d 'Give the command a terminal for each output, so that it writes line by line'
complete -c lh -n "__fish_lh_using_subcommand rotate" -s q -l quiet -d 'No warnings; errors stay'
complete -c lh -n "__fish_lh_using_subcommand rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand timed" -l mode -d 'Append to what is there, or empty it at the start [default: append]' -r -f -a "append\t''
truncate\t''"
complete -c lh -n "__fish_lh_using_subcommand timed" -l encoding -d 'The file\'s encoding; of records, the bytes are taken as UTF-8' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l encoding-errors -d 'What becomes of a character that the encoding lacks [default: strict]' -r -f -a "strict\t''
replace\t''
ignore\t''
backslashreplace\t''"
complete -c lh -n "__fish_lh_using_subcommand timed" -l perm -d 'Permission bits of files that are made, whatever the umask is' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l fsync -d 'When records are made durable: never, batch, close, or SECONDS [default: never]' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l max-bytes -d 'A file does not reach this size in bytes, unless one record alone is longer' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l backups -d 'How many rolled-over files are kept [default: 0]' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l interval -d 'Every so many seconds, hours, ..., weeks [default: 1]' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l at-time -d 'Time of day for midnight and W0 to W6, HH:MM[:SS]' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l plan -d 'Print the next N rollovers, a moment and a name each, and end' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l namer -d 'The names of rolled-over files' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l compress -d 'Compress them in the background: gzip or zstd, gzip:9, zstd:19' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l rotator -d 'A shell command that takes the place of the rename' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l on-rotate -d 'A shell command for each, in the background, after the compression' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l max-age -d 'Delete those that were last written longer ago; 0 is no limit' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l max-total -d 'Delete the oldest so that all together, the current file included, stay within this size; 0 is no limit' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l min-free -d 'Delete the oldest so that this much of the disk is free; 0 is no limit' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l link -d 'Keep a symbolic link of this name on the current file' -r -F
complete -c lh -n "__fish_lh_using_subcommand timed" -l min-level -d 'Leave out records below this level' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l include -d 'Only messages that match; of several, one has to' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l exclude -d 'No messages that match' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -s f -l format -d 'raw, message, text, json, logfmt, or a template [default: raw, behind listen text; of syslog, eventlog and smtp: message]' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l datefmt -d 'How {asctime} is written [default: 2003-07-08 16:49:45,896]' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l terminator -d 'What ends a record in a file or stream, with \\n \\r \\t \\0 \\\\ \\xNN [default: a newline]' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l on-error -d 'What a failed write does [default: block]' -r -f -a "block\t''
drop\t''
prune\t''
exit\t''"
complete -c lh -n "__fish_lh_using_subcommand timed" -l dead-letter -d 'Keep what is given up in this file, as JSON lines with the reason' -r -F
complete -c lh -n "__fish_lh_using_subcommand timed" -s i -l input -d 'How stdin is read' -r -f -a "lines\t''
json\t''
auto\t''"
complete -c lh -n "__fish_lh_using_subcommand timed" -s m -l message -d 'One record with this text, in place of stdin' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l level -d 'Level of records that carry none [default: INFO; ERROR for the stderr of a command]' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l level-scale -d 'How a level that is a number is read [default: auto]' -r -f -a "auto\t'By the key and what stands beside it'
python\t'10 debug to 50 critical'
syslog\t'7 debug to 0 emergency'
pino\t'10 trace to 60 fatal, as bunyan too'"
complete -c lh -n "__fish_lh_using_subcommand timed" -l name -d 'Logger name of every record that has none [default: root]' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l field -d 'An attribute for every record; several allowed' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l max-record -d 'Longest record, without its newline [default: 1M]' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l oversize -d 'What becomes of a longer line [default: split]' -r -f -a "split\t''
truncate\t''
drop\t''"
complete -c lh -n "__fish_lh_using_subcommand timed" -l join -d 'Make lines that continue the one before a part of its record' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l join-timeout -d 'How long a record is held back for lines that continue it [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l mask -d 'Replace what matches, before any handler sees it [default TEXT: ***]' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l dedup -d 'Sum up records that repeat the one before' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l metrics-file -d 'The same figures in Prometheus text format, in a file that is replaced every 15 s and at the end' -r -F
complete -c lh -n "__fish_lh_using_subcommand timed" -l stdout-level -d 'Level of what the command writes to stdout [default: INFO]' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l stderr-level -d 'Level of what the command writes to stderr [default: ERROR]' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l grace -d 'How long to read on when the command has ended and something that it started holds its output open [default: 5s]' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l when -d 'S, M, H, D, W0 (Monday) to W6, or midnight, in any case [default: H]' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l delay -d 'Open the file at the first record'
complete -c lh -n "__fish_lh_using_subcommand timed" -l watch -d 'Open the file anew when another, or none, stands under its name'
complete -c lh -n "__fish_lh_using_subcommand timed" -l mkdir -d 'Make missing directories'
complete -c lh -n "__fish_lh_using_subcommand timed" -l follow -d 'Take a symbolic link, hard link, FIFO or device even in a directory that others can write, where it may have been planted'
complete -c lh -n "__fish_lh_using_subcommand timed" -l no-lock -d 'Do not lock the file against other lh processes on it'
complete -c lh -n "__fish_lh_using_subcommand timed" -l align -d 'S, M, H and D at round times: H at :00, M at :00 seconds, D at midnight'
complete -c lh -n "__fish_lh_using_subcommand timed" -l eager -d 'Roll over at the moment, not at the first record after it'
complete -c lh -n "__fish_lh_using_subcommand timed" -l dry-run -d 'List what the next rollover would delete, and by which option, and end'
complete -c lh -n "__fish_lh_using_subcommand timed" -l utc -d 'Times in UTC: in the format, and in the calendar of rollovers'
complete -c lh -n "__fish_lh_using_subcommand timed" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_using_subcommand timed" -l strip-ansi -d 'Take colours and other escape sequences out, and what was overwritten'
complete -c lh -n "__fish_lh_using_subcommand timed" -l progress -d 'A live line on stderr: records, bytes, rate, rollovers, queues, errors'
complete -c lh -n "__fish_lh_using_subcommand timed" -l stats -d 'What was read and what became of it: one JSON object on stderr at the end, and at SIGUSR1'
complete -c lh -n "__fish_lh_using_subcommand timed" -l tee -d 'Pass the input through to stdout as it came'
complete -c lh -n "__fish_lh_using_subcommand timed" -l pty -d 'Give the command a terminal for each output, so that it writes line by line'
complete -c lh -n "__fish_lh_using_subcommand timed" -s q -l quiet -d 'No warnings; errors stay'
complete -c lh -n "__fish_lh_using_subcommand timed" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand syslog" -l address -d 'HOST[:PORT], or the path of a local socket [default: /dev/log]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l transport -d 'How it is reached [default: udp for a host, unix for a path]' -r -f -a "udp\t''
tcp\t''
tls\t''
unix\t''"
complete -c lh -n "__fish_lh_using_subcommand syslog" -l rfc -d 'The form of messages [default: 5424; 3164 on a local socket]' -r -f -a "3164\t''
5424\t''"
complete -c lh -n "__fish_lh_using_subcommand syslog" -l framing -d 'What tells messages apart on a stream [default: lf; octet over tls]' -r -f -a "octet\t''
lf\t''
nul\t''"
complete -c lh -n "__fish_lh_using_subcommand syslog" -s t -l ident -d 'What messages come from [default: the logger\'s name, or the user\'s]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -s p -l priority -d 'The facility, and a level for every record [default: the record\'s {facility}, or user]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l facility -d 'The facility: kern, user, mail, daemon, auth, cron, local0 to local7, ...' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l id -d 'Give the process\'s number, lh\'s own or this one [default: the record\'s {procid}]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l msgid -d 'The type of the message (RFC 5424) [default: the record\'s {msgid}]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l sd-id -d 'The structured data element of the record\'s attributes [default: lh@32473]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l sd-param -d 'A parameter for that element, in every message' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l hostname -d 'The host that messages are from [default: the record\'s {host}, or this machine]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l max-message -d 'The longest message, its header included [default: what a datagram holds; none on a stream]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l too-long -d 'What becomes of a record that makes a longer one [default: split]' -r -f -a "split\t''
refuse\t''"
complete -c lh -n "__fish_lh_using_subcommand syslog" -l ca -d 'The certificates to trust, a PEM file [default: the system\'s]' -r -F
complete -c lh -n "__fish_lh_using_subcommand syslog" -l cert -d 'The certificate to show to the other end, a PEM file' -r -F
complete -c lh -n "__fish_lh_using_subcommand syslog" -l key -d 'Its private key, a PEM file' -r -F
complete -c lh -n "__fish_lh_using_subcommand syslog" -l server-name -d 'The name that the other end\'s certificate has to have [default: that of the address]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l retry-start -d 'After a failed attempt, how long until the next [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l retry-factor -d 'By how much that grows with each attempt that fails [default: 2]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l retry-max -d 'The longest that it becomes [default: 30s]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l timeout -d 'How long an attempt to connect may take, and a silence while something is on its way [default: 10s]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l capacity -d 'How many records wait in memory [default: 10000]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l overflow -d 'What becomes of records when the queue, or the spool, is full [default: block]' -r -f -a "block\t''
drop-new\t''
drop-old\t''"
complete -c lh -n "__fish_lh_using_subcommand syslog" -l spool -d 'Keep records in this directory until they are delivered' -r -F
complete -c lh -n "__fish_lh_using_subcommand syslog" -l spool-max -d 'How large the spool may grow [default: 1G]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l fsync -d 'When spooled records are made durable: never, batch, close, or SECONDS [default: never]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l drain-timeout -d 'How long the end waits until what is in the queue is delivered' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l min-level -d 'Leave out records below this level' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l include -d 'Only messages that match; of several, one has to' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l exclude -d 'No messages that match' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -s f -l format -d 'raw, message, text, json, logfmt, or a template [default: raw, behind listen text; of syslog, eventlog and smtp: message]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l datefmt -d 'How {asctime} is written [default: 2003-07-08 16:49:45,896]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l terminator -d 'What ends a record in a file or stream, with \\n \\r \\t \\0 \\\\ \\xNN [default: a newline]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l on-error -d 'What a failed write does [default: block]' -r -f -a "block\t''
drop\t''
prune\t''
exit\t''"
complete -c lh -n "__fish_lh_using_subcommand syslog" -l dead-letter -d 'Keep what is given up in this file, as JSON lines with the reason' -r -F
complete -c lh -n "__fish_lh_using_subcommand syslog" -s i -l input -d 'How stdin is read' -r -f -a "lines\t''
json\t''
auto\t''"
complete -c lh -n "__fish_lh_using_subcommand syslog" -s m -l message -d 'One record with this text, in place of stdin' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l level -d 'Level of records that carry none [default: INFO; ERROR for the stderr of a command]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l level-scale -d 'How a level that is a number is read [default: auto]' -r -f -a "auto\t'By the key and what stands beside it'
python\t'10 debug to 50 critical'
syslog\t'7 debug to 0 emergency'
pino\t'10 trace to 60 fatal, as bunyan too'"
complete -c lh -n "__fish_lh_using_subcommand syslog" -l name -d 'Logger name of every record that has none [default: root]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l field -d 'An attribute for every record; several allowed' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l max-record -d 'Longest record, without its newline [default: 1M]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l oversize -d 'What becomes of a longer line [default: split]' -r -f -a "split\t''
truncate\t''
drop\t''"
complete -c lh -n "__fish_lh_using_subcommand syslog" -l join -d 'Make lines that continue the one before a part of its record' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l join-timeout -d 'How long a record is held back for lines that continue it [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l mask -d 'Replace what matches, before any handler sees it [default TEXT: ***]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l dedup -d 'Sum up records that repeat the one before' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l metrics-file -d 'The same figures in Prometheus text format, in a file that is replaced every 15 s and at the end' -r -F
complete -c lh -n "__fish_lh_using_subcommand syslog" -l stdout-level -d 'Level of what the command writes to stdout [default: INFO]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l stderr-level -d 'Level of what the command writes to stderr [default: ERROR]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l grace -d 'How long to read on when the command has ended and something that it started holds its output open [default: 5s]' -r
complete -c lh -n "__fish_lh_using_subcommand syslog" -l append-nul -d 'End each message with a NUL, as Python\'s append_nul'
complete -c lh -n "__fish_lh_using_subcommand syslog" -l utc -d 'Times in UTC: in the format, and in the calendar of rollovers'
complete -c lh -n "__fish_lh_using_subcommand syslog" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_using_subcommand syslog" -l strip-ansi -d 'Take colours and other escape sequences out, and what was overwritten'
complete -c lh -n "__fish_lh_using_subcommand syslog" -l progress -d 'A live line on stderr: records, bytes, rate, rollovers, queues, errors'
complete -c lh -n "__fish_lh_using_subcommand syslog" -l stats -d 'What was read and what became of it: one JSON object on stderr at the end, and at SIGUSR1'
complete -c lh -n "__fish_lh_using_subcommand syslog" -l tee -d 'Pass the input through to stdout as it came'
complete -c lh -n "__fish_lh_using_subcommand syslog" -l pty -d 'Give the command a terminal for each output, so that it writes line by line'
complete -c lh -n "__fish_lh_using_subcommand syslog" -s q -l quiet -d 'No warnings; errors stay'
complete -c lh -n "__fish_lh_using_subcommand syslog" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand socket" -l wire -d 'What is sent [default: json]' -r -f -a "pickle\t'Python\'s pickled LogRecord attributes, as of SocketHandler and DatagramHandler'
json\t'JSON objects'
lines\t'Text, as -f says'
syslog\t'RFC 5424'
gelf\t'Graylog\'s format'
lh\t'Numbered frames that `lh listen` acknowledges'"
complete -c lh -n "__fish_lh_using_subcommand socket" -l ca -d 'The certificates to trust, a PEM file [default: the system\'s]' -r -F
complete -c lh -n "__fish_lh_using_subcommand socket" -l cert -d 'The certificate to show to the other end, a PEM file' -r -F
complete -c lh -n "__fish_lh_using_subcommand socket" -l key -d 'Its private key, a PEM file' -r -F
complete -c lh -n "__fish_lh_using_subcommand socket" -l server-name -d 'The name that the other end\'s certificate has to have [default: that of the address]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l hmac-key-file -d 'Put an HMAC-SHA-256 before each record, with the key in this file' -r -F
complete -c lh -n "__fish_lh_using_subcommand socket" -l retry-start -d 'After a failed attempt, how long until the next [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l retry-factor -d 'By how much that grows with each attempt that fails [default: 2]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l retry-max -d 'The longest that it becomes [default: 30s]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l timeout -d 'How long an attempt to connect may take, and a silence while something is on its way [default: 10s]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l capacity -d 'How many records wait in memory [default: 10000]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l overflow -d 'What becomes of records when the queue, or the spool, is full [default: block]' -r -f -a "block\t''
drop-new\t''
drop-old\t''"
complete -c lh -n "__fish_lh_using_subcommand socket" -l spool -d 'Keep records in this directory until they are delivered' -r -F
complete -c lh -n "__fish_lh_using_subcommand socket" -l spool-max -d 'How large the spool may grow [default: 1G]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l fsync -d 'When spooled records are made durable: never, batch, close, or SECONDS [default: never]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l drain-timeout -d 'How long the end waits until what is in the queue is delivered' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l min-level -d 'Leave out records below this level' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l include -d 'Only messages that match; of several, one has to' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l exclude -d 'No messages that match' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -s f -l format -d 'raw, message, text, json, logfmt, or a template [default: raw, behind listen text; of syslog, eventlog and smtp: message]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l datefmt -d 'How {asctime} is written [default: 2003-07-08 16:49:45,896]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l terminator -d 'What ends a record in a file or stream, with \\n \\r \\t \\0 \\\\ \\xNN [default: a newline]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l on-error -d 'What a failed write does [default: block]' -r -f -a "block\t''
drop\t''
prune\t''
exit\t''"
complete -c lh -n "__fish_lh_using_subcommand socket" -l dead-letter -d 'Keep what is given up in this file, as JSON lines with the reason' -r -F
complete -c lh -n "__fish_lh_using_subcommand socket" -s i -l input -d 'How stdin is read' -r -f -a "lines\t''
json\t''
auto\t''"
complete -c lh -n "__fish_lh_using_subcommand socket" -s m -l message -d 'One record with this text, in place of stdin' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l level -d 'Level of records that carry none [default: INFO; ERROR for the stderr of a command]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l level-scale -d 'How a level that is a number is read [default: auto]' -r -f -a "auto\t'By the key and what stands beside it'
python\t'10 debug to 50 critical'
syslog\t'7 debug to 0 emergency'
pino\t'10 trace to 60 fatal, as bunyan too'"
complete -c lh -n "__fish_lh_using_subcommand socket" -l name -d 'Logger name of every record that has none [default: root]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l field -d 'An attribute for every record; several allowed' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l max-record -d 'Longest record, without its newline [default: 1M]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l oversize -d 'What becomes of a longer line [default: split]' -r -f -a "split\t''
truncate\t''
drop\t''"
complete -c lh -n "__fish_lh_using_subcommand socket" -l join -d 'Make lines that continue the one before a part of its record' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l join-timeout -d 'How long a record is held back for lines that continue it [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l mask -d 'Replace what matches, before any handler sees it [default TEXT: ***]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l dedup -d 'Sum up records that repeat the one before' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l metrics-file -d 'The same figures in Prometheus text format, in a file that is replaced every 15 s and at the end' -r -F
complete -c lh -n "__fish_lh_using_subcommand socket" -l stdout-level -d 'Level of what the command writes to stdout [default: INFO]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l stderr-level -d 'Level of what the command writes to stderr [default: ERROR]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l grace -d 'How long to read on when the command has ended and something that it started holds its output open [default: 5s]' -r
complete -c lh -n "__fish_lh_using_subcommand socket" -l tls -d 'Send over TLS'
complete -c lh -n "__fish_lh_using_subcommand socket" -l utc -d 'Times in UTC: in the format, and in the calendar of rollovers'
complete -c lh -n "__fish_lh_using_subcommand socket" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_using_subcommand socket" -l strip-ansi -d 'Take colours and other escape sequences out, and what was overwritten'
complete -c lh -n "__fish_lh_using_subcommand socket" -l progress -d 'A live line on stderr: records, bytes, rate, rollovers, queues, errors'
complete -c lh -n "__fish_lh_using_subcommand socket" -l stats -d 'What was read and what became of it: one JSON object on stderr at the end, and at SIGUSR1'
complete -c lh -n "__fish_lh_using_subcommand socket" -l tee -d 'Pass the input through to stdout as it came'
complete -c lh -n "__fish_lh_using_subcommand socket" -l pty -d 'Give the command a terminal for each output, so that it writes line by line'
complete -c lh -n "__fish_lh_using_subcommand socket" -s q -l quiet -d 'No warnings; errors stay'
complete -c lh -n "__fish_lh_using_subcommand socket" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand udp" -l wire -d 'What is sent [default: json]' -r -f -a "pickle\t'Python\'s pickled LogRecord attributes, as of SocketHandler and DatagramHandler'
json\t'JSON objects'
lines\t'Text, as -f says'
syslog\t'RFC 5424'
gelf\t'Graylog\'s format'
lh\t'Numbered frames that `lh listen` acknowledges'"
complete -c lh -n "__fish_lh_using_subcommand udp" -l compress -d 'How GELF is compressed [default: none]' -r -f -a "none\t''
gzip\t''
zlib\t''"
complete -c lh -n "__fish_lh_using_subcommand udp" -l hmac-key-file -d 'Put an HMAC-SHA-256 before each record, with the key in this file' -r -F
complete -c lh -n "__fish_lh_using_subcommand udp" -l retry-start -d 'After a failed attempt, how long until the next [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l retry-factor -d 'By how much that grows with each attempt that fails [default: 2]' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l retry-max -d 'The longest that it becomes [default: 30s]' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l timeout -d 'How long an attempt to connect may take, and a silence while something is on its way [default: 10s]' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l capacity -d 'How many records wait in memory [default: 10000]' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l overflow -d 'What becomes of records when the queue, or the spool, is full [default: block]' -r -f -a "block\t''
drop-new\t''
drop-old\t''"
complete -c lh -n "__fish_lh_using_subcommand udp" -l spool -d 'Keep records in this directory until they are delivered' -r -F
complete -c lh -n "__fish_lh_using_subcommand udp" -l spool-max -d 'How large the spool may grow [default: 1G]' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l fsync -d 'When spooled records are made durable: never, batch, close, or SECONDS [default: never]' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l drain-timeout -d 'How long the end waits until what is in the queue is delivered' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l min-level -d 'Leave out records below this level' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l include -d 'Only messages that match; of several, one has to' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l exclude -d 'No messages that match' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -s f -l format -d 'raw, message, text, json, logfmt, or a template [default: raw, behind listen text; of syslog, eventlog and smtp: message]' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l datefmt -d 'How {asctime} is written [default: 2003-07-08 16:49:45,896]' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l terminator -d 'What ends a record in a file or stream, with \\n \\r \\t \\0 \\\\ \\xNN [default: a newline]' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l on-error -d 'What a failed write does [default: block]' -r -f -a "block\t''
drop\t''
prune\t''
exit\t''"
complete -c lh -n "__fish_lh_using_subcommand udp" -l dead-letter -d 'Keep what is given up in this file, as JSON lines with the reason' -r -F
complete -c lh -n "__fish_lh_using_subcommand udp" -s i -l input -d 'How stdin is read' -r -f -a "lines\t''
json\t''
auto\t''"
complete -c lh -n "__fish_lh_using_subcommand udp" -s m -l message -d 'One record with this text, in place of stdin' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l level -d 'Level of records that carry none [default: INFO; ERROR for the stderr of a command]' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l level-scale -d 'How a level that is a number is read [default: auto]' -r -f -a "auto\t'By the key and what stands beside it'
python\t'10 debug to 50 critical'
syslog\t'7 debug to 0 emergency'
pino\t'10 trace to 60 fatal, as bunyan too'"
complete -c lh -n "__fish_lh_using_subcommand udp" -l name -d 'Logger name of every record that has none [default: root]' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l field -d 'An attribute for every record; several allowed' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l max-record -d 'Longest record, without its newline [default: 1M]' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l oversize -d 'What becomes of a longer line [default: split]' -r -f -a "split\t''
truncate\t''
drop\t''"
complete -c lh -n "__fish_lh_using_subcommand udp" -l join -d 'Make lines that continue the one before a part of its record' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l join-timeout -d 'How long a record is held back for lines that continue it [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l mask -d 'Replace what matches, before any handler sees it [default TEXT: ***]' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l dedup -d 'Sum up records that repeat the one before' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l metrics-file -d 'The same figures in Prometheus text format, in a file that is replaced every 15 s and at the end' -r -F
complete -c lh -n "__fish_lh_using_subcommand udp" -l stdout-level -d 'Level of what the command writes to stdout [default: INFO]' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l stderr-level -d 'Level of what the command writes to stderr [default: ERROR]' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l grace -d 'How long to read on when the command has ended and something that it started holds its output open [default: 5s]' -r
complete -c lh -n "__fish_lh_using_subcommand udp" -l utc -d 'Times in UTC: in the format, and in the calendar of rollovers'
complete -c lh -n "__fish_lh_using_subcommand udp" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_using_subcommand udp" -l strip-ansi -d 'Take colours and other escape sequences out, and what was overwritten'
complete -c lh -n "__fish_lh_using_subcommand udp" -l progress -d 'A live line on stderr: records, bytes, rate, rollovers, queues, errors'
complete -c lh -n "__fish_lh_using_subcommand udp" -l stats -d 'What was read and what became of it: one JSON object on stderr at the end, and at SIGUSR1'
complete -c lh -n "__fish_lh_using_subcommand udp" -l tee -d 'Pass the input through to stdout as it came'
complete -c lh -n "__fish_lh_using_subcommand udp" -l pty -d 'Give the command a terminal for each output, so that it writes line by line'
complete -c lh -n "__fish_lh_using_subcommand udp" -s q -l quiet -d 'No warnings; errors stay'
complete -c lh -n "__fish_lh_using_subcommand udp" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand smtp" -l host -d 'The mail server' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l tls -d 'When TLS begins [default: starttls where a user is given, else none]' -r -f -a "none\t''
starttls\t''
implicit\t''"
complete -c lh -n "__fish_lh_using_subcommand smtp" -l user -d 'The user\'s name, for a server that wants a log-in' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l password-file -d 'A file that holds the password' -r -F
complete -c lh -n "__fish_lh_using_subcommand smtp" -l timeout -d 'How long each phase of a session may take [default: 5s]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l from -d 'Whom mails are from: NAME@HOST, or "Full Name <NAME@HOST>"' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l to -d 'Who gets them; several may be given' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l cc -d 'Who gets a copy; several may be given' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l subject -d 'The subject: a template as of --format, with counts' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l digest -d 'Many records in one mail: a count, a duration, or both (100,5m)' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l max-per-hour -d 'No more mails than this in an hour' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l ca -d 'The certificates to trust, a PEM file [default: the system\'s]' -r -F
complete -c lh -n "__fish_lh_using_subcommand smtp" -l cert -d 'The certificate to show to the other end, a PEM file' -r -F
complete -c lh -n "__fish_lh_using_subcommand smtp" -l key -d 'Its private key, a PEM file' -r -F
complete -c lh -n "__fish_lh_using_subcommand smtp" -l server-name -d 'The name that the other end\'s certificate has to have [default: that of the address]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l retry-start -d 'After a failed attempt, how long until the next [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l retry-factor -d 'By how much that grows with each attempt that fails [default: 2]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l retry-max -d 'The longest that it becomes [default: 30s]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l capacity -d 'How many records wait in memory [default: 10000]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l overflow -d 'What becomes of records when the queue, or the spool, is full [default: block]' -r -f -a "block\t''
drop-new\t''
drop-old\t''"
complete -c lh -n "__fish_lh_using_subcommand smtp" -l spool -d 'Keep records in this directory until they are delivered' -r -F
complete -c lh -n "__fish_lh_using_subcommand smtp" -l spool-max -d 'How large the spool may grow [default: 1G]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l fsync -d 'When spooled records are made durable: never, batch, close, or SECONDS [default: never]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l drain-timeout -d 'How long the end waits until what is in the queue is delivered' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l min-level -d 'Leave out records below this level' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l include -d 'Only messages that match; of several, one has to' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l exclude -d 'No messages that match' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -s f -l format -d 'raw, message, text, json, logfmt, or a template [default: raw, behind listen text; of syslog, eventlog and smtp: message]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l datefmt -d 'How {asctime} is written [default: 2003-07-08 16:49:45,896]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l terminator -d 'What ends a record in a file or stream, with \\n \\r \\t \\0 \\\\ \\xNN [default: a newline]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l on-error -d 'What a failed write does [default: block]' -r -f -a "block\t''
drop\t''
prune\t''
exit\t''"
complete -c lh -n "__fish_lh_using_subcommand smtp" -l dead-letter -d 'Keep what is given up in this file, as JSON lines with the reason' -r -F
complete -c lh -n "__fish_lh_using_subcommand smtp" -s i -l input -d 'How stdin is read' -r -f -a "lines\t''
json\t''
auto\t''"
complete -c lh -n "__fish_lh_using_subcommand smtp" -s m -l message -d 'One record with this text, in place of stdin' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l level -d 'Level of records that carry none [default: INFO; ERROR for the stderr of a command]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l level-scale -d 'How a level that is a number is read [default: auto]' -r -f -a "auto\t'By the key and what stands beside it'
python\t'10 debug to 50 critical'
syslog\t'7 debug to 0 emergency'
pino\t'10 trace to 60 fatal, as bunyan too'"
complete -c lh -n "__fish_lh_using_subcommand smtp" -l name -d 'Logger name of every record that has none [default: root]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l field -d 'An attribute for every record; several allowed' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l max-record -d 'Longest record, without its newline [default: 1M]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l oversize -d 'What becomes of a longer line [default: split]' -r -f -a "split\t''
truncate\t''
drop\t''"
complete -c lh -n "__fish_lh_using_subcommand smtp" -l join -d 'Make lines that continue the one before a part of its record' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l join-timeout -d 'How long a record is held back for lines that continue it [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l mask -d 'Replace what matches, before any handler sees it [default TEXT: ***]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l dedup -d 'Sum up records that repeat the one before' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l metrics-file -d 'The same figures in Prometheus text format, in a file that is replaced every 15 s and at the end' -r -F
complete -c lh -n "__fish_lh_using_subcommand smtp" -l stdout-level -d 'Level of what the command writes to stdout [default: INFO]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l stderr-level -d 'Level of what the command writes to stderr [default: ERROR]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l grace -d 'How long to read on when the command has ended and something that it started holds its output open [default: 5s]' -r
complete -c lh -n "__fish_lh_using_subcommand smtp" -l insecure-auth -d 'Log in without TLS, too, where everybody on the way can read the password'
complete -c lh -n "__fish_lh_using_subcommand smtp" -l first-now -d 'The first error at once, and the rest as digests'
complete -c lh -n "__fish_lh_using_subcommand smtp" -l attach -d 'Attach the records of a mail, up to 4 MiB, as records.log'
complete -c lh -n "__fish_lh_using_subcommand smtp" -l utc -d 'Times in UTC: in the format, and in the calendar of rollovers'
complete -c lh -n "__fish_lh_using_subcommand smtp" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_using_subcommand smtp" -l strip-ansi -d 'Take colours and other escape sequences out, and what was overwritten'
complete -c lh -n "__fish_lh_using_subcommand smtp" -l progress -d 'A live line on stderr: records, bytes, rate, rollovers, queues, errors'
complete -c lh -n "__fish_lh_using_subcommand smtp" -l stats -d 'What was read and what became of it: one JSON object on stderr at the end, and at SIGUSR1'
complete -c lh -n "__fish_lh_using_subcommand smtp" -l tee -d 'Pass the input through to stdout as it came'
complete -c lh -n "__fish_lh_using_subcommand smtp" -l pty -d 'Give the command a terminal for each output, so that it writes line by line'
complete -c lh -n "__fish_lh_using_subcommand smtp" -s q -l quiet -d 'No warnings; errors stay'
complete -c lh -n "__fish_lh_using_subcommand smtp" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand eventlog" -s t -l app -l ident -d 'What records come from [default: the logger\'s name, or the user\'s]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -s p -l priority -d 'The facility, and a level for every record [default: user]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l facility -d 'The facility: kern, user, mail, daemon, auth, cron, local0 to local7, ...' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l message-id -d 'MESSAGE_ID of every record: 32 hexadecimal digits, or a UUID' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l socket -d 'The journal\'s socket [default: /run/systemd/journal/socket]' -r -F
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l log -d 'The log [default: Application]' -r -f -a "application\t''
system\t''
security\t''"
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l dll -d 'The file with the texts of messages [default: one that shows the record\'s]' -r -F
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l event-id -d 'The number of the message\'s text there, from 1 to 65535 [default: 1]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l category -d 'The number of the event\'s category there [default: 0, none]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l retry-start -d 'After a failed attempt, how long until the next [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l retry-factor -d 'By how much that grows with each attempt that fails [default: 2]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l retry-max -d 'The longest that it becomes [default: 30s]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l timeout -d 'How long an attempt to connect may take, and a silence while something is on its way [default: 10s]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l capacity -d 'How many records wait in memory [default: 10000]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l overflow -d 'What becomes of records when the queue, or the spool, is full [default: block]' -r -f -a "block\t''
drop-new\t''
drop-old\t''"
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l spool -d 'Keep records in this directory until they are delivered' -r -F
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l spool-max -d 'How large the spool may grow [default: 1G]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l fsync -d 'When spooled records are made durable: never, batch, close, or SECONDS [default: never]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l drain-timeout -d 'How long the end waits until what is in the queue is delivered' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l min-level -d 'Leave out records below this level' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l include -d 'Only messages that match; of several, one has to' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l exclude -d 'No messages that match' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -s f -l format -d 'raw, message, text, json, logfmt, or a template [default: raw, behind listen text; of syslog, eventlog and smtp: message]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l datefmt -d 'How {asctime} is written [default: 2003-07-08 16:49:45,896]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l terminator -d 'What ends a record in a file or stream, with \\n \\r \\t \\0 \\\\ \\xNN [default: a newline]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l on-error -d 'What a failed write does [default: block]' -r -f -a "block\t''
drop\t''
prune\t''
exit\t''"
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l dead-letter -d 'Keep what is given up in this file, as JSON lines with the reason' -r -F
complete -c lh -n "__fish_lh_using_subcommand eventlog" -s i -l input -d 'How stdin is read' -r -f -a "lines\t''
json\t''
auto\t''"
complete -c lh -n "__fish_lh_using_subcommand eventlog" -s m -l message -d 'One record with this text, in place of stdin' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l level -d 'Level of records that carry none [default: INFO; ERROR for the stderr of a command]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l level-scale -d 'How a level that is a number is read [default: auto]' -r -f -a "auto\t'By the key and what stands beside it'
python\t'10 debug to 50 critical'
syslog\t'7 debug to 0 emergency'
pino\t'10 trace to 60 fatal, as bunyan too'"
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l name -d 'Logger name of every record that has none [default: root]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l field -d 'An attribute for every record; several allowed' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l max-record -d 'Longest record, without its newline [default: 1M]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l oversize -d 'What becomes of a longer line [default: split]' -r -f -a "split\t''
truncate\t''
drop\t''"
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l join -d 'Make lines that continue the one before a part of its record' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l join-timeout -d 'How long a record is held back for lines that continue it [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l mask -d 'Replace what matches, before any handler sees it [default TEXT: ***]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l dedup -d 'Sum up records that repeat the one before' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l metrics-file -d 'The same figures in Prometheus text format, in a file that is replaced every 15 s and at the end' -r -F
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l stdout-level -d 'Level of what the command writes to stdout [default: INFO]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l stderr-level -d 'Level of what the command writes to stderr [default: ERROR]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l grace -d 'How long to read on when the command has ended and something that it started holds its output open [default: 5s]' -r
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l utc -d 'Times in UTC: in the format, and in the calendar of rollovers'
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l strip-ansi -d 'Take colours and other escape sequences out, and what was overwritten'
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l progress -d 'A live line on stderr: records, bytes, rate, rollovers, queues, errors'
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l stats -d 'What was read and what became of it: one JSON object on stderr at the end, and at SIGUSR1'
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l tee -d 'Pass the input through to stdout as it came'
complete -c lh -n "__fish_lh_using_subcommand eventlog" -l pty -d 'Give the command a terminal for each output, so that it writes line by line'
complete -c lh -n "__fish_lh_using_subcommand eventlog" -s q -l quiet -d 'No warnings; errors stay'
complete -c lh -n "__fish_lh_using_subcommand eventlog" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand http" -l method -d 'How requests are made [default: POST]' -r -f -a "GET\t''
POST\t''"
complete -c lh -n "__fish_lh_using_subcommand http" -l body -d 'form, json, ndjson, or a template [default: form]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l preset -d 'What a well-known receiver asks for' -r -f -a "loki\t'Grafana Loki: /loki/api/v1/push'
elasticsearch\t'Elasticsearch, OpenSearch: /logs-generic-default/_bulk'
splunk\t'Splunk\'s HTTP Event Collector: /services/collector/event'
otlp\t'OpenTelemetry, OTLP/HTTP with JSON: /v1/logs'
datadog\t'Datadog\'s log intake: /api/v2/logs'
slack\t'An incoming webhook of Slack'"
complete -c lh -n "__fish_lh_using_subcommand http" -l header -d 'A header of every request, or @FILE for a file that holds some' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l batch -d 'When records are sent together: a count, a size or a duration, or several' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l timeout -d 'How long each phase of a request may take [default: 10s]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l user -d 'The user\'s name, for a server that wants a password' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l password-file -d 'A file that holds the password' -r -F
complete -c lh -n "__fish_lh_using_subcommand http" -l bearer-file -d 'A file that holds a token: of splunk and datadog, their own' -r -F
complete -c lh -n "__fish_lh_using_subcommand http" -l ca -d 'The certificates to trust, a PEM file [default: the system\'s]' -r -F
complete -c lh -n "__fish_lh_using_subcommand http" -l cert -d 'The certificate to show to the other end, a PEM file' -r -F
complete -c lh -n "__fish_lh_using_subcommand http" -l key -d 'Its private key, a PEM file' -r -F
complete -c lh -n "__fish_lh_using_subcommand http" -l server-name -d 'The name that the other end\'s certificate has to have [default: that of the address]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l retry-start -d 'After a failed attempt, how long until the next [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l retry-factor -d 'By how much that grows with each attempt that fails [default: 2]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l retry-max -d 'The longest that it becomes [default: 30s]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l capacity -d 'How many records wait in memory [default: 10000]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l overflow -d 'What becomes of records when the queue, or the spool, is full [default: block]' -r -f -a "block\t''
drop-new\t''
drop-old\t''"
complete -c lh -n "__fish_lh_using_subcommand http" -l spool -d 'Keep records in this directory until they are delivered' -r -F
complete -c lh -n "__fish_lh_using_subcommand http" -l spool-max -d 'How large the spool may grow [default: 1G]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l fsync -d 'When spooled records are made durable: never, batch, close, or SECONDS [default: never]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l drain-timeout -d 'How long the end waits until what is in the queue is delivered' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l min-level -d 'Leave out records below this level' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l include -d 'Only messages that match; of several, one has to' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l exclude -d 'No messages that match' -r
complete -c lh -n "__fish_lh_using_subcommand http" -s f -l format -d 'raw, message, text, json, logfmt, or a template [default: raw, behind listen text; of syslog, eventlog and smtp: message]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l datefmt -d 'How {asctime} is written [default: 2003-07-08 16:49:45,896]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l terminator -d 'What ends a record in a file or stream, with \\n \\r \\t \\0 \\\\ \\xNN [default: a newline]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l on-error -d 'What a failed write does [default: block]' -r -f -a "block\t''
drop\t''
prune\t''
exit\t''"
complete -c lh -n "__fish_lh_using_subcommand http" -l dead-letter -d 'Keep what is given up in this file, as JSON lines with the reason' -r -F
complete -c lh -n "__fish_lh_using_subcommand http" -s i -l input -d 'How stdin is read' -r -f -a "lines\t''
json\t''
auto\t''"
complete -c lh -n "__fish_lh_using_subcommand http" -s m -l message -d 'One record with this text, in place of stdin' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l level -d 'Level of records that carry none [default: INFO; ERROR for the stderr of a command]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l level-scale -d 'How a level that is a number is read [default: auto]' -r -f -a "auto\t'By the key and what stands beside it'
python\t'10 debug to 50 critical'
syslog\t'7 debug to 0 emergency'
pino\t'10 trace to 60 fatal, as bunyan too'"
complete -c lh -n "__fish_lh_using_subcommand http" -l name -d 'Logger name of every record that has none [default: root]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l field -d 'An attribute for every record; several allowed' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l max-record -d 'Longest record, without its newline [default: 1M]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l oversize -d 'What becomes of a longer line [default: split]' -r -f -a "split\t''
truncate\t''
drop\t''"
complete -c lh -n "__fish_lh_using_subcommand http" -l join -d 'Make lines that continue the one before a part of its record' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l join-timeout -d 'How long a record is held back for lines that continue it [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l mask -d 'Replace what matches, before any handler sees it [default TEXT: ***]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l dedup -d 'Sum up records that repeat the one before' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l metrics-file -d 'The same figures in Prometheus text format, in a file that is replaced every 15 s and at the end' -r -F
complete -c lh -n "__fish_lh_using_subcommand http" -l stdout-level -d 'Level of what the command writes to stdout [default: INFO]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l stderr-level -d 'Level of what the command writes to stderr [default: ERROR]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l grace -d 'How long to read on when the command has ended and something that it started holds its output open [default: 5s]' -r
complete -c lh -n "__fish_lh_using_subcommand http" -l gzip -d 'Compress bodies'
complete -c lh -n "__fish_lh_using_subcommand http" -l insecure-auth -d 'Send credentials over http, too, where everybody on the way can read them'
complete -c lh -n "__fish_lh_using_subcommand http" -l insecure -d 'Do not check whose certificate it is: whoever answers can read everything'
complete -c lh -n "__fish_lh_using_subcommand http" -l utc -d 'Times in UTC: in the format, and in the calendar of rollovers'
complete -c lh -n "__fish_lh_using_subcommand http" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_using_subcommand http" -l strip-ansi -d 'Take colours and other escape sequences out, and what was overwritten'
complete -c lh -n "__fish_lh_using_subcommand http" -l progress -d 'A live line on stderr: records, bytes, rate, rollovers, queues, errors'
complete -c lh -n "__fish_lh_using_subcommand http" -l stats -d 'What was read and what became of it: one JSON object on stderr at the end, and at SIGUSR1'
complete -c lh -n "__fish_lh_using_subcommand http" -l tee -d 'Pass the input through to stdout as it came'
complete -c lh -n "__fish_lh_using_subcommand http" -l pty -d 'Give the command a terminal for each output, so that it writes line by line'
complete -c lh -n "__fish_lh_using_subcommand http" -s q -l quiet -d 'No warnings; errors stay'
complete -c lh -n "__fish_lh_using_subcommand http" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand buffer" -l capacity -d 'How many records are held [default: 1000]' -r
complete -c lh -n "__fish_lh_using_subcommand buffer" -l flush-level -d 'Deliver at once with a record of this level or above [default: ERROR]' -r
complete -c lh -n "__fish_lh_using_subcommand buffer" -s i -l input -d 'How stdin is read' -r -f -a "lines\t''
json\t''
auto\t''"
complete -c lh -n "__fish_lh_using_subcommand buffer" -s m -l message -d 'One record with this text, in place of stdin' -r
complete -c lh -n "__fish_lh_using_subcommand buffer" -l level -d 'Level of records that carry none [default: INFO; ERROR for the stderr of a command]' -r
complete -c lh -n "__fish_lh_using_subcommand buffer" -l level-scale -d 'How a level that is a number is read [default: auto]' -r -f -a "auto\t'By the key and what stands beside it'
python\t'10 debug to 50 critical'
syslog\t'7 debug to 0 emergency'
pino\t'10 trace to 60 fatal, as bunyan too'"
complete -c lh -n "__fish_lh_using_subcommand buffer" -l name -d 'Logger name of every record that has none [default: root]' -r
complete -c lh -n "__fish_lh_using_subcommand buffer" -l field -d 'An attribute for every record; several allowed' -r
complete -c lh -n "__fish_lh_using_subcommand buffer" -l max-record -d 'Longest record, without its newline [default: 1M]' -r
complete -c lh -n "__fish_lh_using_subcommand buffer" -l oversize -d 'What becomes of a longer line [default: split]' -r -f -a "split\t''
truncate\t''
drop\t''"
complete -c lh -n "__fish_lh_using_subcommand buffer" -l join -d 'Make lines that continue the one before a part of its record' -r
complete -c lh -n "__fish_lh_using_subcommand buffer" -l join-timeout -d 'How long a record is held back for lines that continue it [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand buffer" -l mask -d 'Replace what matches, before any handler sees it [default TEXT: ***]' -r
complete -c lh -n "__fish_lh_using_subcommand buffer" -l dedup -d 'Sum up records that repeat the one before' -r
complete -c lh -n "__fish_lh_using_subcommand buffer" -l metrics-file -d 'The same figures in Prometheus text format, in a file that is replaced every 15 s and at the end' -r -F
complete -c lh -n "__fish_lh_using_subcommand buffer" -l stdout-level -d 'Level of what the command writes to stdout [default: INFO]' -r
complete -c lh -n "__fish_lh_using_subcommand buffer" -l stderr-level -d 'Level of what the command writes to stderr [default: ERROR]' -r
complete -c lh -n "__fish_lh_using_subcommand buffer" -l grace -d 'How long to read on when the command has ended and something that it started holds its output open [default: 5s]' -r
complete -c lh -n "__fish_lh_using_subcommand buffer" -l no-flush-on-close -d 'At the end, forget what is held'
complete -c lh -n "__fish_lh_using_subcommand buffer" -l ring -d 'When the buffer is full, forget the oldest record, and deliver nothing'
complete -c lh -n "__fish_lh_using_subcommand buffer" -l flush-on-failure -d 'Deliver when the command behind -- has failed, and forget everything when it has not'
complete -c lh -n "__fish_lh_using_subcommand buffer" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_using_subcommand buffer" -l strip-ansi -d 'Take colours and other escape sequences out, and what was overwritten'
complete -c lh -n "__fish_lh_using_subcommand buffer" -l progress -d 'A live line on stderr: records, bytes, rate, rollovers, queues, errors'
complete -c lh -n "__fish_lh_using_subcommand buffer" -l stats -d 'What was read and what became of it: one JSON object on stderr at the end, and at SIGUSR1'
complete -c lh -n "__fish_lh_using_subcommand buffer" -l tee -d 'Pass the input through to stdout as it came'
complete -c lh -n "__fish_lh_using_subcommand buffer" -l pty -d 'Give the command a terminal for each output, so that it writes line by line'
complete -c lh -n "__fish_lh_using_subcommand buffer" -s q -l quiet -d 'No warnings; errors stay'
complete -c lh -n "__fish_lh_using_subcommand buffer" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand queue" -l capacity -d 'How many records wait in memory [default: 10000]' -r
complete -c lh -n "__fish_lh_using_subcommand queue" -l overflow -d 'What becomes of records when the queue, or the spool, is full [default: block]' -r -f -a "block\t''
drop-new\t''
drop-old\t''"
complete -c lh -n "__fish_lh_using_subcommand queue" -l spool -d 'Keep records in this directory until they are delivered' -r -F
complete -c lh -n "__fish_lh_using_subcommand queue" -l spool-max -d 'How large the spool may grow [default: 1G]' -r
complete -c lh -n "__fish_lh_using_subcommand queue" -l fsync -d 'When spooled records are made durable: never, batch, close, or SECONDS [default: never]' -r
complete -c lh -n "__fish_lh_using_subcommand queue" -l drain-timeout -d 'How long the end waits until what is in the queue is delivered' -r
complete -c lh -n "__fish_lh_using_subcommand queue" -s i -l input -d 'How stdin is read' -r -f -a "lines\t''
json\t''
auto\t''"
complete -c lh -n "__fish_lh_using_subcommand queue" -s m -l message -d 'One record with this text, in place of stdin' -r
complete -c lh -n "__fish_lh_using_subcommand queue" -l level -d 'Level of records that carry none [default: INFO; ERROR for the stderr of a command]' -r
complete -c lh -n "__fish_lh_using_subcommand queue" -l level-scale -d 'How a level that is a number is read [default: auto]' -r -f -a "auto\t'By the key and what stands beside it'
python\t'10 debug to 50 critical'
syslog\t'7 debug to 0 emergency'
pino\t'10 trace to 60 fatal, as bunyan too'"
complete -c lh -n "__fish_lh_using_subcommand queue" -l name -d 'Logger name of every record that has none [default: root]' -r
complete -c lh -n "__fish_lh_using_subcommand queue" -l field -d 'An attribute for every record; several allowed' -r
complete -c lh -n "__fish_lh_using_subcommand queue" -l max-record -d 'Longest record, without its newline [default: 1M]' -r
complete -c lh -n "__fish_lh_using_subcommand queue" -l oversize -d 'What becomes of a longer line [default: split]' -r -f -a "split\t''
truncate\t''
drop\t''"
complete -c lh -n "__fish_lh_using_subcommand queue" -l join -d 'Make lines that continue the one before a part of its record' -r
complete -c lh -n "__fish_lh_using_subcommand queue" -l join-timeout -d 'How long a record is held back for lines that continue it [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand queue" -l mask -d 'Replace what matches, before any handler sees it [default TEXT: ***]' -r
complete -c lh -n "__fish_lh_using_subcommand queue" -l dedup -d 'Sum up records that repeat the one before' -r
complete -c lh -n "__fish_lh_using_subcommand queue" -l metrics-file -d 'The same figures in Prometheus text format, in a file that is replaced every 15 s and at the end' -r -F
complete -c lh -n "__fish_lh_using_subcommand queue" -l stdout-level -d 'Level of what the command writes to stdout [default: INFO]' -r
complete -c lh -n "__fish_lh_using_subcommand queue" -l stderr-level -d 'Level of what the command writes to stderr [default: ERROR]' -r
complete -c lh -n "__fish_lh_using_subcommand queue" -l grace -d 'How long to read on when the command has ended and something that it started holds its output open [default: 5s]' -r
complete -c lh -n "__fish_lh_using_subcommand queue" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_using_subcommand queue" -l strip-ansi -d 'Take colours and other escape sequences out, and what was overwritten'
complete -c lh -n "__fish_lh_using_subcommand queue" -l progress -d 'A live line on stderr: records, bytes, rate, rollovers, queues, errors'
complete -c lh -n "__fish_lh_using_subcommand queue" -l stats -d 'What was read and what became of it: one JSON object on stderr at the end, and at SIGUSR1'
complete -c lh -n "__fish_lh_using_subcommand queue" -l tee -d 'Pass the input through to stdout as it came'
complete -c lh -n "__fish_lh_using_subcommand queue" -l pty -d 'Give the command a terminal for each output, so that it writes line by line'
complete -c lh -n "__fish_lh_using_subcommand queue" -s q -l quiet -d 'No warnings; errors stay'
complete -c lh -n "__fish_lh_using_subcommand queue" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand listen" -l tcp -d 'Streams of tcp; several allowed' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -l udp -d 'Datagrams of udp; several allowed' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -l http -d 'Requests of HTTP: JSON, JSON lines, forms, text; several allowed' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -l unix -d 'A local socket for streams; several allowed' -r -F
complete -c lh -n "__fish_lh_using_subcommand listen" -l unixgram -d 'A local socket for datagrams; several allowed' -r -F
complete -c lh -n "__fish_lh_using_subcommand listen" -l socket-mode -d 'The permissions of local sockets, in octal [default: 0600]' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -l wire -d 'What is spoken [default: auto]' -r -f -a "auto\t'Whatever it looks like'
pickle\t'Python\'s pickled LogRecord attributes, as of SocketHandler and DatagramHandler'
json\t'JSON objects'
lines\t'Plain lines'
syslog\t'RFC 3164, RFC 5424, and what devices make of them'
gelf\t'Graylog\'s format'
lh\t'Numbered frames that are acknowledged'"
complete -c lh -n "__fish_lh_using_subcommand listen" -l escape -d 'What becomes of control characters in records that are written as text [default: lines]' -r -f -a "none\t''
controls\t''
lines\t''"
complete -c lh -n "__fish_lh_using_subcommand listen" -l state -d 'Where it is kept how far the senders of the wire lh are, so that records come once also where this lh is started anew' -r -F
complete -c lh -n "__fish_lh_using_subcommand listen" -l allow -d 'Only from these addresses or networks; several allowed' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -l tls-cert -d 'Our certificate, with which streams of tcp are encrypted, a PEM file' -r -F
complete -c lh -n "__fish_lh_using_subcommand listen" -l tls-key -d 'Its private key, a PEM file' -r -F
complete -c lh -n "__fish_lh_using_subcommand listen" -l client-ca -d 'Let only those in whose certificate one of these has signed, a PEM file' -r -F
complete -c lh -n "__fish_lh_using_subcommand listen" -l hmac-key-file -d 'Take only messages with an HMAC-SHA-256 of the key in this file' -r -F
complete -c lh -n "__fish_lh_using_subcommand listen" -l max-connections -d 'How many connections are open at once, at most [default: 16384]' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -l idle-timeout -d 'Close connections that say nothing for so long; 0 is never [default: never]' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -s i -l input -d 'How stdin is read' -r -f -a "lines\t''
json\t''
auto\t''"
complete -c lh -n "__fish_lh_using_subcommand listen" -s m -l message -d 'One record with this text, in place of stdin' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -l level -d 'Level of records that carry none [default: INFO; ERROR for the stderr of a command]' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -l level-scale -d 'How a level that is a number is read [default: auto]' -r -f -a "auto\t'By the key and what stands beside it'
python\t'10 debug to 50 critical'
syslog\t'7 debug to 0 emergency'
pino\t'10 trace to 60 fatal, as bunyan too'"
complete -c lh -n "__fish_lh_using_subcommand listen" -l name -d 'Logger name of every record that has none [default: root]' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -l field -d 'An attribute for every record; several allowed' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -l max-record -d 'Longest record, without its newline [default: 1M]' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -l oversize -d 'What becomes of a longer line [default: split]' -r -f -a "split\t''
truncate\t''
drop\t''"
complete -c lh -n "__fish_lh_using_subcommand listen" -l join -d 'Make lines that continue the one before a part of its record' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -l join-timeout -d 'How long a record is held back for lines that continue it [default: 1s]' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -l mask -d 'Replace what matches, before any handler sees it [default TEXT: ***]' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -l dedup -d 'Sum up records that repeat the one before' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -l metrics-file -d 'The same figures in Prometheus text format, in a file that is replaced every 15 s and at the end' -r -F
complete -c lh -n "__fish_lh_using_subcommand listen" -l stdout-level -d 'Level of what the command writes to stdout [default: INFO]' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -l stderr-level -d 'Level of what the command writes to stderr [default: ERROR]' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -l grace -d 'How long to read on when the command has ended and something that it started holds its output open [default: 5s]' -r
complete -c lh -n "__fish_lh_using_subcommand listen" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_using_subcommand listen" -l strip-ansi -d 'Take colours and other escape sequences out, and what was overwritten'
complete -c lh -n "__fish_lh_using_subcommand listen" -l progress -d 'A live line on stderr: records, bytes, rate, rollovers, queues, errors'
complete -c lh -n "__fish_lh_using_subcommand listen" -l stats -d 'What was read and what became of it: one JSON object on stderr at the end, and at SIGUSR1'
complete -c lh -n "__fish_lh_using_subcommand listen" -l tee -d 'Pass the input through to stdout as it came'
complete -c lh -n "__fish_lh_using_subcommand listen" -l pty -d 'Give the command a terminal for each output, so that it writes line by line'
complete -c lh -n "__fish_lh_using_subcommand listen" -s q -l quiet -d 'No warnings; errors stay'
complete -c lh -n "__fish_lh_using_subcommand listen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand spool; and not __fish_seen_subcommand_from ls cat check retry drop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand spool; and not __fish_seen_subcommand_from ls cat check retry drop" -f -a "ls" -d 'Say in one line what it holds, and who has it: a quick look'
complete -c lh -n "__fish_lh_using_subcommand spool; and not __fish_seen_subcommand_from ls cat check retry drop" -f -a "cat" -d 'Print the records that wait, as they are, one after the other'
complete -c lh -n "__fish_lh_using_subcommand spool; and not __fish_seen_subcommand_from ls cat check retry drop" -f -a "check" -d 'Read all of it and say what is damaged; change nothing'
complete -c lh -n "__fish_lh_using_subcommand spool; and not __fish_seen_subcommand_from ls cat check retry drop" -f -a "retry" -d 'Send the records that wait, as the lh would that left them'
complete -c lh -n "__fish_lh_using_subcommand spool; and not __fish_seen_subcommand_from ls cat check retry drop" -f -a "drop" -d 'Forget records that wait, all of them or the oldest'
complete -c lh -n "__fish_lh_using_subcommand spool; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand spool; and __fish_seen_subcommand_from cat" -l all -d 'Print those too that are delivered and not deleted yet'
complete -c lh -n "__fish_lh_using_subcommand spool; and __fish_seen_subcommand_from cat" -s h -l help -d 'Print help'
complete -c lh -n "__fish_lh_using_subcommand spool; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c lh -n "__fish_lh_using_subcommand spool; and __fish_seen_subcommand_from retry" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand spool; and __fish_seen_subcommand_from drop" -l oldest -d 'Forget so many, those that came first' -r
complete -c lh -n "__fish_lh_using_subcommand spool; and __fish_seen_subcommand_from drop" -l all -d 'Forget them all'
complete -c lh -n "__fish_lh_using_subcommand spool; and __fish_seen_subcommand_from drop" -s h -l help -d 'Print help'
complete -c lh -n "__fish_lh_using_subcommand cat" -l namer -d 'The names of rolled-over files, as it was given to rotate or timed' -r
complete -c lh -n "__fish_lh_using_subcommand cat" -l since -d 'From this time on: 2026-11-23T10:00:00Z, \'2026-11-23 10:00\', 2026-11-23, 10:30 today, or 2h for two hours ago' -r
complete -c lh -n "__fish_lh_using_subcommand cat" -l until -d 'Before this time' -r
complete -c lh -n "__fish_lh_using_subcommand cat" -l min-level -d 'Of this level or above; a record without a level is INFO' -r
complete -c lh -n "__fish_lh_using_subcommand cat" -l grep -d 'With a match; of several, one has to' -r
complete -c lh -n "__fish_lh_using_subcommand cat" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand tail" -s n -l lines -d 'How many lines, or with a + all from that one on, counted from the oldest; of records that are picked, records' -r
complete -c lh -n "__fish_lh_using_subcommand tail" -l namer -d 'The names of rolled-over files, as it was given to rotate or timed' -r
complete -c lh -n "__fish_lh_using_subcommand tail" -l since -d 'From this time on: 2026-11-23T10:00:00Z, \'2026-11-23 10:00\', 2026-11-23, 10:30 today, or 2h for two hours ago' -r
complete -c lh -n "__fish_lh_using_subcommand tail" -l until -d 'Before this time' -r
complete -c lh -n "__fish_lh_using_subcommand tail" -l min-level -d 'Of this level or above; a record without a level is INFO' -r
complete -c lh -n "__fish_lh_using_subcommand tail" -l grep -d 'With a match; of several, one has to' -r
complete -c lh -n "__fish_lh_using_subcommand tail" -s f -l follow -d 'Go on with what is written from then on, also across rollovers: each line once. Waits for a file that is not there yet'
complete -c lh -n "__fish_lh_using_subcommand tail" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand completions" -s h -l help -d 'Print help'
complete -c lh -n "__fish_lh_using_subcommand man" -s h -l help -d 'Print help'
complete -c lh -n "__fish_lh_using_subcommand completions" -f -a "bash elvish fish powershell zsh"
complete -c lh -n __fish_lh_behind_dashes -x -a '(__fish_lh_command)'
