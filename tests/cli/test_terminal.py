"""On a terminal there are colours, plots and questions; in a pipe there are none."""

from __future__ import annotations

import json
import subprocess

from tests.cli.terminal import LMA, WAIT_S, piped, terminal
from tests.client.scripted_server import Reply, ScriptedServer, success, vector

QUERY = "/prometheus/api/v1/query"
RANGE = "/prometheus/api/v1/query_range"
CLUSTER = "/v1/clusters/seoul"
RISING = {
    "resultType": "matrix",
    "result": [
        {"metric": {"cluster": "seoul"}, "values": [[i * 60, str(i)] for i in range(61)]},
        {"metric": {"cluster": "tokyo"}, "values": [[i * 60, "7"] for i in range(61) if not 20 < i < 40]},
    ],
}
OVER_AN_HOUR = ("--start", "0", "--end", "3600", "--step", "60")


def test_a_terminal_gets_a_coloured_plot_of_a_range(server: ScriptedServer) -> None:
    server.reply(RANGE, success(RISING))
    with terminal("query", "x", *OVER_AN_HOUR, LMA_URL=server.url) as screen:
        assert screen.end() == 0
    lines = screen.plain.splitlines()
    assert lines[0].startswith("60 ┤")
    assert lines[0].rstrip()[-1] in "⠁⠂⠃⠄⠅⠆⠇⠈⠉⠊⠋⠌⠍⠎⠏⠔⠒⠑⠐⠓⠕⠖⠗⠘⠙⠚⠛⠜⠝⠞⠟⠠⠡⠢⠣⠤⠥⠦⠧⠨⠩⠪⠫⠬⠭⠮⠯⠰⠱⠲⠳⠴⠵⠶⠷⠸⠹⠺⠻⠼⠽⠾⠿⡠⡰⢀⢠⢰⣀"
    assert "\x1b[36m" in screen.output
    assert "\x1b[32m" in screen.output
    assert "00:00:00" in screen.plain
    assert "01:00:00 UTC" in screen.plain
    assert all(len(line) <= 100 for line in lines)
    assert "seoul" in lines[-2]


def test_without_colours_the_lines_are_letters(server: ScriptedServer) -> None:
    server.reply(RANGE, success(RISING))
    with terminal("query", "x", *OVER_AN_HOUR, LMA_URL=server.url, NO_COLOR="1") as screen:
        assert screen.end() == 0
    assert "\x1b[3" not in screen.output
    assert "a" in screen.plain.splitlines()[0]
    assert "bbbb" in screen.plain


def test_a_table_on_a_terminal(server: ScriptedServer) -> None:
    server.reply(QUERY, success(vector(({"cluster": "[red]x\x1b]0;evil\x07"}, "1")), warnings=["careful"]))
    with terminal("query", "x", LMA_URL=server.url) as screen:
        assert screen.end() == 0
    assert "[red]x\\x1b]0;evil\\x07" in screen.plain
    assert "\x07" not in screen.output
    assert "warning: careful" in screen.plain


def test_a_pipe_gets_no_colours_and_nothing_cut(server: ScriptedServer) -> None:
    long = "x" * 500
    server.reply(QUERY, success(vector(({"cluster": long, "other": long}, "1"))))
    done = piped("query", "x", LMA_URL=server.url, COLUMNS="40", FORCE_COLOR="")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1] == f"{long}  {long}      1"


def test_a_reader_that_goes_away_is_no_stack_trace(server: ScriptedServer) -> None:
    many = vector(*(({"i": f"{i:06d}"}, "1") for i in range(50_000)))
    server.reply(QUERY, success(many))
    process = subprocess.Popen(
        [*LMA, "--url", server.url, "query", "x"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith("i ")
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == ""
    process.wait(WAIT_S)


def test_an_encoding_without_the_characters_is_no_failure(server: ScriptedServer) -> None:
    server.reply(QUERY, success(vector(({"city": "東京"}, "1"))))
    server.reply(RANGE, success(RISING))
    done = piped("query", "x", LMA_URL=server.url, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u6771\\u4eac" in done.stdout
    assert (
        piped("query", "x", *OVER_AN_HOUR, "-o", "plot", LMA_URL=server.url, PYTHONIOENCODING="ascii").returncode == 0
    )


def test_removing_asks_a_person(server: ScriptedServer) -> None:
    server.reply(CLUSTER, Reply(json.dumps({"name": "seoul"})))
    with terminal("cluster", "remove", "seoul", LMA_URL=server.url) as screen:
        screen.read_until("Remove cluster seoul? [y/N]")
        screen.type("n\n")
        assert screen.end() == 1
    assert [asked.method for asked in server.asked] == ["GET"]
    with terminal("cluster", "remove", "seoul", LMA_URL=server.url) as screen:
        screen.read_until("[y/N]")
        screen.type("y\n")
        assert screen.end() == 0
    assert [asked.method for asked in server.asked] == ["GET", "GET", "DELETE"]


def test_removing_asks_nobody_in_a_pipe(server: ScriptedServer) -> None:
    done = piped("cluster", "remove", "seoul", LMA_URL=server.url)
    assert done.returncode == 2
    assert "add --yes" in done.stderr
    assert server.asked == []


def test_interrupting_a_query_is_quiet(server: ScriptedServer) -> None:
    server.reply(QUERY, Reply("{}", delay_s=20))
    with terminal("query", "x", LMA_URL=server.url) as screen:
        while not server.asked:
            assert screen.process.poll() is None
        screen.interrupt()
        assert screen.end() == 130
    assert "Traceback" not in screen.output
