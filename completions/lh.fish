# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_lh_global_optspecs
    string join \n i/input= m/message= level= detect-level level-scale= name= field= max-record= oversize= join= join-timeout= strip-ansi mask= dedup= progress stats metrics-file= tee stdout-level= stderr-level= pty grace= q/quiet h/help V/version
end

function __fish_lh_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_lh_global_optspecs) -- $cmd 2>/dev/null
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
complete -c lh -n "__fish_lh_needs_command" -f -a "buffer" -d 'Hold records back for the handler that follows (MemoryHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "queue" -d 'Run the handler that follows on a thread of its own (QueueHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "completions" -d 'Print the completions of a shell'
complete -c lh -n "__fish_lh_needs_command" -f -a "man" -d 'Print the manual page lh(1), or write all pages into a directory'
complete -c lh -n "__fish_lh_using_subcommand stream" -l flush -d 'A write for each record, or for each batch that was read [default: batch]' -r -f -a "record\t''
batch\t''"
complete -c lh -n "__fish_lh_using_subcommand stream" -l min-level -d 'Leave out records below this level' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l include -d 'Only messages that match; of several, one has to' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l exclude -d 'No messages that match' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -s f -l format -d 'raw, message, text, json, logfmt, or a template [default: raw]' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l datefmt -d 'How {asctime} is written [default: 2003-07-08 16:49:45,896]' -r
complete -c lh -n "__fish_lh_using_subcommand stream" -l terminator -d 'What ends a record, with \\n \\r \\t \\0 \\\\ \\xNN [default: a newline]' -r
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
complete -c lh -n "__fish_lh_using_subcommand null" -s f -l format -d 'raw, message, text, json, logfmt, or a template [default: raw]' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l datefmt -d 'How {asctime} is written [default: 2003-07-08 16:49:45,896]' -r
complete -c lh -n "__fish_lh_using_subcommand null" -l terminator -d 'What ends a record, with \\n \\r \\t \\0 \\\\ \\xNN [default: a newline]' -r
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
complete -c lh -n "__fish_lh_using_subcommand file" -s f -l format -d 'raw, message, text, json, logfmt, or a template [default: raw]' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l datefmt -d 'How {asctime} is written [default: 2003-07-08 16:49:45,896]' -r
complete -c lh -n "__fish_lh_using_subcommand file" -l terminator -d 'What ends a record, with \\n \\r \\t \\0 \\\\ \\xNN [default: a newline]' -r
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
complete -c lh -n "__fish_lh_using_subcommand rotate" -s f -l format -d 'raw, message, text, json, logfmt, or a template [default: raw]' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l datefmt -d 'How {asctime} is written [default: 2003-07-08 16:49:45,896]' -r
complete -c lh -n "__fish_lh_using_subcommand rotate" -l terminator -d 'What ends a record, with \\n \\r \\t \\0 \\\\ \\xNN [default: a newline]' -r
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
complete -c lh -n "__fish_lh_using_subcommand timed" -s f -l format -d 'raw, message, text, json, logfmt, or a template [default: raw]' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l datefmt -d 'How {asctime} is written [default: 2003-07-08 16:49:45,896]' -r
complete -c lh -n "__fish_lh_using_subcommand timed" -l terminator -d 'What ends a record, with \\n \\r \\t \\0 \\\\ \\xNN [default: a newline]' -r
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
complete -c lh -n "__fish_lh_using_subcommand queue" -l capacity -d 'How many records wait [default: 10000]' -r
complete -c lh -n "__fish_lh_using_subcommand queue" -l overflow -d 'What becomes of records when the queue is full [default: block]' -r -f -a "block\t''
drop-new\t''
drop-old\t''"
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
complete -c lh -n "__fish_lh_using_subcommand completions" -s h -l help -d 'Print help'
complete -c lh -n "__fish_lh_using_subcommand man" -s h -l help -d 'Print help'
