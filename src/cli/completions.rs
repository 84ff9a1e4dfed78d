//! Completions that know a chain: clap_complete's are for one command, and a piece
//! of a chain is one.

use clap::{Command, CommandFactory, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::args::{HandlerCommand, Piece, WRAPPERS};

/// Where a shell's function for one command begins, and what it is called here.
const PIECE: (&str, &str) = ("\n_lh() {\n", "\n_lh_piece() {\n");

/// Makes completions of a piece into those of a chain, for the shells for which
/// that is told here.
pub fn of_chains(shell: Shell, text: String) -> String {
    let names = |between: &str, script: &str| {
        let script = script.replace("@HANDLERS@", &handlers().join(between));
        script.replace("@FLAGS@", &flags().join(between))
    };
    match shell {
        Shell::Bash => {
            let text = format!("\n{text}").replacen(PIECE.0, PIECE.1, 1);
            let chain = names(" | ", include_str!("completions/chain.bash"));
            let end = "\nif [[ \"${BASH_VERSINFO[0]}\" -eq 4 &&";
            text.replacen(end, &format!("{chain}{end}"), 1)[1..].to_owned()
        }
        Shell::Zsh => {
            let text = text.replacen(PIECE.0, PIECE.1, 1);
            let chain = names("|", include_str!("completions/chain.zsh"));
            let end = "\nif [ \"$funcstack[1]\" = \"_lh\" ]; then\n";
            text.replacen(end, &format!("{chain}{end}"), 1)
        }
        Shell::Fish => {
            let chain = names(" ", include_str!("completions/chain.fish"));
            let text = text.replacen("(commandline -opc)", "(__fish_lh_piece)", 1);
            let text = text.replacen(
                "function __fish_lh_needs_command\n",
                "function __fish_lh_needs_command\n    __fish_lh_behind_dashes\n    and return 1\n",
                1,
            );
            // The option before the cursor has no value yet.
            let parsed = "argparse -s (__fish_lh_global_optspecs) -- $cmd";
            let text = text.replacen(
                &format!("    {parsed} 2>/dev/null\n"),
                &format!("    {parsed} 2>/dev/null\n    or {parsed}[1..-2] 2>/dev/null\n"),
                1,
            );
            let command = "complete -c lh -n __fish_lh_behind_dashes -x -a '(__fish_lh_command)'\n";
            let shells = Shell::value_variants().iter().map(Shell::to_string);
            let shells = shells.collect::<Vec<_>>().join(" ");
            let shells = format!(
                "complete -c lh -n \"__fish_lh_using_subcommand completions\" -f -a \"{shells}\"\n"
            );
            format!("{chain}{text}{shells}{command}")
        }
        _ => text,
    }
}

/// The names of the handlers that wrap none.
fn handlers() -> Vec<String> {
    let all = HandlerCommand::augment_subcommands(Command::new("lh"));
    let names = all.get_subcommands().map(Command::get_name);
    let leaves = names.filter(|name| !WRAPPERS.contains(name));
    leaves.map(str::to_owned).collect()
}

/// The options without a value of what stands before a handler.
fn flags() -> Vec<String> {
    let mut root = Piece::command();
    root.build();
    let before = WRAPPERS.iter().chain(["listen", "check"].iter());
    let commands = before.filter_map(|name| root.find_subcommand(name));
    let options = commands.flat_map(Command::get_arguments);
    let flags = options.filter(|option| !option.get_action().takes_values());
    let mut names: Vec<String> = flags
        .flat_map(|flag| {
            let long = flag.get_long().map(|long| format!("--{long}"));
            let short = flag.get_short().map(|short| format!("-{short}"));
            long.into_iter().chain(short)
        })
        .collect();
    names.sort();
    names.dedup();
    names
}
