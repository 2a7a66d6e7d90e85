import Glibc
import Simulation

let command = SimulateCommand(Array(CommandLine.arguments.dropFirst()))
exit(await command.run())
