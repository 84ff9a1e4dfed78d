# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_lh_global_optspecs
    string join \n i/input= m/message= level= detect-level level-scale= name= field= max-record= oversize= tee q/quiet h/help V/version
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
complete -c lh -n "__fish_lh_needs_command" -l level -d 'Level of records that carry none [default: INFO]' -r
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
complete -c lh -n "__fish_lh_needs_command" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_needs_command" -l tee -d 'Pass the input through to stdout as it came'
complete -c lh -n "__fish_lh_needs_command" -s q -l quiet -d 'No warnings; errors stay'
complete -c lh -n "__fish_lh_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_needs_command" -s V -l version -d 'Print version'
complete -c lh -n "__fish_lh_needs_command" -f -a "stream" -d 'Write to standard output or standard error (StreamHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "null" -d 'Accept everything and write nothing (NullHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "file" -d 'Append to one file (FileHandler, WatchedFileHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "rotate" -d 'Append to a file that is rolled over by size (RotatingFileHandler)'
complete -c lh -n "__fish_lh_needs_command" -f -a "timed" -d 'Append to a file that is rolled over by the clock (TimedRotatingFileHandler)'
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
complete -c lh -n "__fish_lh_using_subcommand stream" -l level -d 'Level of records that carry none [default: INFO]' -r
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
complete -c lh -n "__fish_lh_using_subcommand stream" -l stderr -d 'Write to standard error'
complete -c lh -n "__fish_lh_using_subcommand stream" -l utc -d 'Times in UTC: in the format, and in the calendar of rollovers'
complete -c lh -n "__fish_lh_using_subcommand stream" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_using_subcommand stream" -l tee -d 'Pass the input through to stdout as it came'
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
complete -c lh -n "__fish_lh_using_subcommand null" -l level -d 'Level of records that carry none [default: INFO]' -r
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
complete -c lh -n "__fish_lh_using_subcommand null" -l utc -d 'Times in UTC: in the format, and in the calendar of rollovers'
complete -c lh -n "__fish_lh_using_subcommand null" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_using_subcommand null" -l tee -d 'Pass the input through to stdout as it came'
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
complete -c lh -n "__fish_lh_using_subcommand file" -l level -d 'Level of records that carry none [default: INFO]' -r
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
complete -c lh -n "__fish_lh_using_subcommand file" -l delay -d 'Open the file at the first record'
complete -c lh -n "__fish_lh_using_subcommand file" -l watch -d 'Open the file anew when another, or none, stands under its name'
complete -c lh -n "__fish_lh_using_subcommand file" -l mkdir -d 'Make missing directories'
complete -c lh -n "__fish_lh_using_subcommand file" -l follow -d 'Take a symbolic link, hard link, FIFO or device even in a directory that others can write, where it may have been planted'
complete -c lh -n "__fish_lh_using_subcommand file" -l no-lock -d 'Do not lock the file against other lh processes on it'
complete -c lh -n "__fish_lh_using_subcommand file" -l utc -d 'Times in UTC: in the format, and in the calendar of rollovers'
complete -c lh -n "__fish_lh_using_subcommand file" -l detect-level -d 'Find the level in a plain line: a leading <N>, or its first level word'
complete -c lh -n "__fish_lh_using_subcommand file" -l tee -d 'Pass the input through to stdout as it came'
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
complete -c lh -n "__fish_lh_using_subcommand rotate" -l level -d 'Level of records that carry none [default: INFO]' -r
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
complete -c lh -n "__fish_lh_using_subcommand rotate" -l tee -d 'Pass the input through to stdout as it came'
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
complete -c lh -n "__fish_lh_using_subcommand timed" -l level -d 'Level of records that carry none [default: INFO]' -r
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
complete -c lh -n "__fish_lh_using_subcommand timed" -l tee -d 'Pass the input through to stdout as it came'
complete -c lh -n "__fish_lh_using_subcommand timed" -s q -l quiet -d 'No warnings; errors stay'
complete -c lh -n "__fish_lh_using_subcommand timed" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lh -n "__fish_lh_using_subcommand completions" -s h -l help -d 'Print help'
complete -c lh -n "__fish_lh_using_subcommand man" -s h -l help -d 'Print help'
