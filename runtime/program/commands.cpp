#include "runtime/program/commands.h"

#include <fmt/format.h>
#include <limits.h>
#include <unistd.h>

#include <string>

#include "runtime/env/files.h"
#include "runtime/program/control_socket.h"

namespace flow::runtime {
namespace {

constexpr std::string_view savepoint_name = "savepoint";
constexpr std::string_view usage_text = R"(Usage: {0} savepoint DIR --checkpoint-dir STATE [--stop | --drain]

Asks the job that runs with this --checkpoint-dir for a savepoint in DIR, a new or empty folder, and prints the path.
  --stop    the job stops with the savepoint; no window fires early
  --drain   the input ends here: windows and timers fire, and the job finishes with the savepoint
)";

struct SavepointCommand {
  std::string folder;
  std::string state_folder;
  SavepointEnd end = SavepointEnd::go_on;
  bool wants_help = false;
};

Result<SavepointCommand> parse(const std::vector<std::string_view>& arguments) {
  SavepointCommand command;
  constexpr std::string_view state_flag = "--checkpoint-dir";
  auto wrong = [](std::string text) {
    return Status(ExitCode::usage, text + "; savepoint --help tells what there is");
  };
  for (size_t i = 1; i < arguments.size(); ++i) {
    std::string_view word = arguments[i];
    if (word == "--help" || word == "-h") {
      command.wants_help = true;
    } else if (word == "--stop" || word == "--drain") {
      if (command.end != SavepointEnd::go_on) return wrong("give --stop or --drain once");
      command.end = word == "--stop" ? SavepointEnd::stop : SavepointEnd::drain;
    } else if (word == state_flag && i + 1 < arguments.size()) {
      command.state_folder = arguments[++i];
    } else if (word.starts_with(state_flag) && word.substr(state_flag.size()).starts_with('=')) {
      command.state_folder = word.substr(state_flag.size() + 1);
    } else if (word.starts_with("--")) {
      return wrong(fmt::format("savepoint takes no {}", word));
    } else if (command.folder.empty() && !word.empty()) {
      command.folder = word;
    } else {
      return wrong(fmt::format("'{}' is one folder too many", word));
    }
  }
  if (command.wants_help) return command;
  if (command.folder.empty()) return wrong("savepoint needs the folder to write to");
  if (command.state_folder.empty())
    return wrong("savepoint needs --checkpoint-dir, the folder that the running job uses");
  return command;
}

// The job may run in another folder than we do.
Result<std::string> absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  char folder[PATH_MAX];
  if (getcwd(folder, sizeof folder) == nullptr) {
    return Status(ExitCode::input_missing, "the current folder is not there any more");
  }
  return join_path(folder, path);
}

Status take_savepoint(Env& env, const FlowProgram& program, const std::vector<std::string_view>& arguments) {
  FLOW_TRY_ASSIGN(SavepointCommand command, parse(arguments));
  if (command.wants_help) {
    return env.console_write(Console::out, fmt::format(fmt::runtime(usage_text), program.name));
  }
  FLOW_TRY_ASSIGN(std::string folder, absolute(command.folder));
  FLOW_TRY_ASSIGN(uint64_t epoch, request_savepoint(command.state_folder, folder, command.end));
  FLOW_TRY(env.console_write(Console::error, fmt::format("{}: savepoint of epoch {}\n", program.name, epoch)));
  return env.console_write(Console::out, folder + "\n");
}

} // namespace

bool is_command(const std::vector<std::string_view>& arguments) {
  return !arguments.empty() && arguments[0] == savepoint_name;
}

int run_command(Env& env, const FlowProgram& program, const std::vector<std::string_view>& arguments) {
  Status status = take_savepoint(env, program, arguments);
  if (!status.is_ok()) {
    static_cast<void>(
        env.console_write(Console::error, fmt::format("{}: {}\n", program.name, status.message())).is_ok());
  }
  return static_cast<int>(status.code());
}

} // namespace flow::runtime
