# SPDX-License-Identifier: GPL-2.0-or-later
"""What a shell makes of a line when Tab is pressed: typed on a terminal, in bash, zsh
or fish, with our completion.

usage: tab.py SHELL LINE

Prints the line after Tab. The shell finds fail2ban-archive in PATH, and keeps its
files in the folder $LAB.
"""

import os
import pty
import select
import shlex
import sys
import time

SCRIPTS = os.path.join(os.path.dirname(__file__), "../../helper/dist/completion")
LAB = os.environ["LAB"]
HOME = LAB + "/home"
SHOWN = LAB + "/line"
DEADLINE = time.monotonic() + 20 * float(os.environ.get("SLOWNESS", "1"))

# Each shell's file of settings, and how it is started. Ctrl-T writes the line.
SHELLS = {
    "bash": (".rc", ["bash", "--noprofile", "--rcfile", HOME + "/.rc", "-i"], """
        . {scripts}/fail2ban-archive.bash
        bind 'set bell-style none'
        bind 'set enable-bracketed-paste off'
        show() {{ printf %s "$READLINE_LINE" >{shown}.new; mv {shown}.new {shown}; }}
        bind -x '"\\C-t": show'
        PS1='READY> '
    """),
    "zsh": (".zshrc", ["zsh", "-d", "-i"], """
        fpath=({scripts} $fpath)
        autoload -Uz compinit && compinit -u -D
        show() {{ print -rn -- "$BUFFER" >{shown}.new; mv {shown}.new {shown}; }}
        zle -N show && bindkey '^T' show
        PS1='READY> '
    """),
    "fish": (".config/fish/config.fish", ["fish", "-i"], """
        source {scripts}/fail2ban-archive.fish
        function fish_greeting; end
        function fish_prompt; echo -n 'READY> '; end
        function show
            commandline -b | string collect >{shown}.new; mv {shown}.new {shown}
        end
        bind \\ct show
    """),
}


def main():
    settings, command, text = SHELLS[sys.argv[1]]
    path = os.path.join(HOME, settings)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.format(scripts=shlex.quote(os.path.abspath(SCRIPTS)),
                               shown=shlex.quote(SHOWN)))
    if os.path.exists(SHOWN):
        os.unlink(SHOWN)
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(HOME=HOME, ZDOTDIR=HOME, TERM="xterm")
        os.chdir(LAB)
        os.execvp(command[0], command)
    said, typed = b"", False
    while not os.path.exists(SHOWN):
        if time.monotonic() > DEADLINE:
            sys.exit("the shell did not answer: " + repr(said))
        if select.select([terminal], [], [], 0.05)[0]:
            said += os.read(terminal, 4096)
        if not typed and b"READY>" in said:
            os.write(terminal, sys.argv[2].encode() + b"\t\x14")
            typed = True
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    with open(SHOWN, encoding="utf-8") as file:
        print(file.read().rstrip())
    if b"fail2ban-archive:" in said or b"rror" in said:
        sys.exit("the shell shows an error: " + repr(said))


main()
