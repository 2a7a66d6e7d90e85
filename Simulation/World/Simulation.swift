/// Runs seeds: the whole broker on a disk that fails, against a model of what MQTT and this server promise.
package enum Simulation {
    package static func run(seed: UInt64, options: SimulationOptions = SimulationOptions()) -> SimulationReport {
        World.run(seed: seed, options: options)
    }
}
