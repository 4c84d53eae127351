from lockgate.cli import main

main(prog_name="lockgate")
