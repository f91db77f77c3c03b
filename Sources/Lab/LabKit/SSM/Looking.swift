import Foundation

/// GetCommandInvocation.
struct Looking {
    let book: SSMBook
    let temper: SSMTemper

    func get(_ input: SSMInput) async throws(SSMProblem) -> JSONValue {
        let id = try input.required("CommandId", length: SSMInput.command)
        let instance = try input.required("InstanceId", like: SSMInput.instance)
        let plugin = try input.text("PluginName", length: 4...Int.max)
        let faults = temper.faults
        guard let command = await book.command(id), let invocation = command[instance],
            Date.now.timeIntervalSince(command.requested) >= faults.invocationSeconds
        else { throw SSMProblem(code: "InvocationDoesNotExist", message: "") }
        guard plugin == nil || plugin == SSMCommand.pluginName else { throw SSMProblem(code: "InvalidPluginName", message: "") }
        return command.json(invocation, spaced: faults.spacedDetails)
    }
}
