"""Runs a program with the configuration that a config-manager chooses, and again when the choice changes. Pure.

The config-manager v0.18.2 chooses the default before it has read the node's label, and right after that the label's
configuration; its SIGHUP makes the device plugin register twice within milliseconds, and the kubelet v1.34 then drops
the second connection with the first: the node offers nothing until the plugin's pod is restarted. So the manager only
chooses here. The program is started once the choice has settled, and after a change it is ended, with a pause in which
the kubelet sees it go, and started again.
"""

CHOICE = "/config/config.yaml"
"""Link that the config-manager makes."""
SETTLED_S = 2
"""Seconds for which a choice has to stay the same to count."""
_SCRIPT = """\
choice() {{ readlink {choice}; }}
settled() {{
  now=
  while [ -z "$now" ] || [ "$now" != "$(choice)" ]; do now=$(choice); sleep {settled_s}; done
  echo "$now"
}}
stays() {{ [ "$(choice)" = "$chosen" ] || {{ sleep {settled_s}; [ "$(choice)" = "$chosen" ]; }}; }}
program= watch=
trap 'kill $program $watch 2>/dev/null; exit 0' TERM INT
{before}while :; do
  chosen=$(settled)
  echo "starting with $chosen"
  {program} &
  program=$!
  (while stays; do sleep 1; done; kill $program) &
  watch=$!
  wait $program
  code=$?
  kill $watch 2>/dev/null
  if stays; then exit $code; fi
  sleep {settled_s}
done
"""


def following(program: str, before: str = "") -> str:
    """A POSIX shell script that runs a program with the configuration that is chosen.

    It ends when the program ends by itself, with its exit code, and on SIGTERM.

    Args:
        program: Command line of the program.
        before: Lines that run once, before the program is first started; a failure has to exit.
    """
    return _SCRIPT.format(
        choice=CHOICE, settled_s=SETTLED_S, program=program, before=f"{before}\n" if before else ""
    )
