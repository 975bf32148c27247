#include "runtime/program/flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "runtime/base/text.h"
#include "runtime/exchange/key_groups.h"
#include "runtime/formats/nearest.h"

namespace flow::runtime {
namespace {

constexpr int64_t interval_min_us = 1000;
constexpr int64_t latency_max_us = 60'000'000;
constexpr uint32_t batch_rows_max = 65'536;
constexpr int64_t interval_max_us = int64_t{36'500} * 24 * 3600 * 1'000'000; // a hundred years: never

// A flag that every job has. `set` answers what is wrong with the value, or nothing.
struct JobFlag {
  std::string_view name;
  std::string_view value; // what it takes; empty: nothing
  std::string_view help;
  std::string (*set)(JobFlags& flags, std::string_view value);
};

std::string set_number(uint32_t& to, std::string_view value, uint32_t max) {
  std::optional<uint64_t> number = parse_u64(value);
  if (!number || *number < 1 || *number > max) return fmt::format("give a number from 1 to {}", max);
  to = static_cast<uint32_t>(*number);
  return {};
}

std::string set_parallelism(JobFlags& flags, std::string_view value) {
  flags.options.start.is_parallelism_asked_for = true;
  return set_number(flags.options.start.parallelism, value, group_count_max);
}

std::string set_max_parallelism(JobFlags& flags, std::string_view value) {
  uint32_t number = 0;
  std::string wrong = set_number(number, value, group_count_max);
  if (wrong.empty()) flags.options.start.group_count = number;
  return wrong;
}

std::string set_checkpoint_dir(JobFlags& flags, std::string_view value) {
  if (value.empty()) return "give the path of a folder";
  flags.options.checkpoint_dir = value;
  return {};
}

std::string set_interval(JobFlags& flags, std::string_view value) {
  std::optional<int64_t> us = parse_duration(value);
  if (!us || *us < interval_min_us) return "give a duration of at least 1ms, such as 10s or 500ms";
  flags.options.epochs.interval_us = std::min(*us, interval_max_us);
  return {};
}

std::string set_latency(JobFlags& flags, std::string_view value) {
  std::optional<int64_t> us = value == "0" ? 0 : parse_duration(value);
  if (!us || *us < 0 || *us > latency_max_us) return "give a duration of at most 1min, such as 1ms, or 0";
  flags.options.latency_us = *us;
  return {};
}

std::string set_restore(JobFlags& flags, std::string_view value) {
  StartRequest& start = flags.options.start;
  if (value.empty()) return "give latest, none or the path of a checkpoint";
  start.restore = value == "latest" ? RestoreMode::latest : value == "none" ? RestoreMode::none : RestoreMode::path;
  if (start.restore == RestoreMode::path) start.path = value;
  return {};
}

std::string set_batch_rows(JobFlags& flags, std::string_view value) {
  uint32_t number = 0;
  std::string wrong = set_number(number, value, batch_rows_max);
  if (!wrong.empty()) return wrong;
  flags.options.batch_rows = number;
  flags.options.rows_per_action = number;
  return {};
}

constexpr JobFlag job_flags[] = {
    {"parallelism", "N", "tasks per operator, where the program does not say", set_parallelism},
    {"max-parallelism", "N", "key groups: the most tasks that the job can ever have; fixed at its first start (128)",
     set_max_parallelism},
    {"checkpoint-dir", "DIR", "keep checkpoints there; a restart goes on from the newest one", set_checkpoint_dir},
    {"checkpoint-interval", "DURATION", "time between checkpoints (10s)", set_interval},
    {"latency", "DURATION", "how long a row may wait for others to go on with; longer is cheaper, 0: not at all (1ms)",
     set_latency},
    {"restore", "latest|none|PATH",
     "latest: go on, or start if there is nothing; none: start, or refuse if there is\n"
     "something; PATH: go on exactly there: an epoch, DIR/epoch-7, or a savepoint",
     set_restore},
    {"fresh", "", "start a new job beside what an earlier one left; its state and output stay",
     [](JobFlags& flags, std::string_view) { return flags.options.start.is_fresh = true, std::string(); }},
    {"allow-lossy", "",
     "go on from a checkpoint also if state in it has no place in the program any more: it is dropped",
     [](JobFlags& flags, std::string_view) { return flags.options.start.allows_lossy = true, std::string(); }},
    {"restart", "no|on-failure=N,delay=D",
     "open the job again when it fails, at most N times without a checkpoint between, after\n"
     "a delay that doubles (no)",
     [](JobFlags& flags, std::string_view value) { return parse_restart(value, flags.restart); }},
    {"batch-rows", "N", "rows that are read, and sent on, together; chosen by their size if not given", set_batch_rows},
    {"describe", "", "print what the job consists of, and do nothing",
     [](JobFlags& flags, std::string_view) { return flags.wants_description = true, std::string(); }},
    {"summary", "", "report at the end also when nobody watches",
     [](JobFlags& flags, std::string_view) { return flags.wants_summary = true, std::string(); }},
    {"quiet", "", "no progress line and no report; only what goes wrong",
     [](JobFlags& flags, std::string_view) { return flags.is_quiet = true, std::string(); }},
    {"version", "", "print the version",
     [](JobFlags& flags, std::string_view) { return flags.wants_version = true, std::string(); }},
    {"help", "", "print this",
     [](JobFlags& flags, std::string_view) { return flags.wants_help = true, std::string(); }},
};

std::string with_underscores(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
}

const JobFlag* find_job_flag(std::string_view name) {
  auto found = std::find_if(std::begin(job_flags), std::end(job_flags), [&](auto& flag) { return flag.name == name; });
  return found == std::end(job_flags) ? nullptr : found;
}

std::string flag_of(const FlowParam& param) { return fmt::format("--{}", param.name); }

std::string kind_text(const FlowProgram& program, const FlowParam& param) {
  Field field = field_of(program, param);
  if (field.texts.empty()) return std::string(kind_name(field.kind));
  return fmt::format("{}", fmt::join(field.texts, "|"));
}

// One pass over the arguments; mistakes are collected.
class Parser {
public:
  Parser(const FlowProgram& program, const std::vector<std::string_view>& arguments, JobFlags& flags)
      : program_(program), arguments_(arguments), flags_(flags), is_given_(program.param_count) {}

  Status run() {
    flags_.params.resize(program_.param_count);
    for (uint32_t i = 0; i < program_.param_count; ++i) flags_.params[i] = program_.params[i].default_value;
    while (at_ < arguments_.size()) take_argument();
    if (flags_.wants_help || flags_.wants_version) return Status();
    if (!flags_.wants_description) check_whole();
    if (wrong_.empty()) return Status();
    return Status(ExitCode::usage, fmt::format("{}\n--help tells what there is", fmt::join(wrong_, "\n")));
  }

private:
  void take_argument() {
    std::string_view word = arguments_[at_++];
    if (word == "-h") word = "--help";
    if (!word.starts_with("--") || word.size() == 2) {
      wrong_.push_back(fmt::format("{} is no flag: flags begin with --", quoted(word)));
      return;
    }
    word.remove_prefix(2);
    size_t equals = word.find('=');
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = word.substr(equals + 1);
    std::string_view name = word.substr(0, equals);
    if (const JobFlag* flag = find_job_flag(name)) {
      take_job_flag(*flag, value);
    } else if (std::optional<uint32_t> param = find_param(name)) {
      take_param(*param, value);
    } else {
      unknown(name);
    }
  }

  void take_job_flag(const JobFlag& flag, std::optional<std::string_view> value) {
    if (flag.value.empty() && value) {
      wrong_.push_back(fmt::format("--{} takes no value", flag.name));
      return;
    }
    if (!flag.value.empty() && !value) value = next_word();
    if (!flag.value.empty() && !value) {
      wrong_.push_back(fmt::format("--{} needs a value: {}", flag.name, flag.value));
      return;
    }
    is_interval_given_ = is_interval_given_ || flag.set == set_interval;
    std::string problem = flag.set(flags_, value.value_or(""));
    if (!problem.empty()) wrong_.push_back(fmt::format("--{} {}: {}", flag.name, *value, problem));
  }

  void take_param(uint32_t number, std::optional<std::string_view> value) {
    const FlowParam& param = program_.params[number];
    Field field = field_of(program_, param);
    if (!value && field.kind == FLOW_BOOL) {
      bool is_value = at_ < arguments_.size() && parse_bool(arguments_[at_]).has_value();
      value = is_value ? arguments_[at_++] : "true";
    }
    if (!value) value = next_word();
    if (!value) {
      wrong_.push_back(fmt::format("{} needs a value: {}", flag_of(param), kind_text(program_, param)));
      return;
    }
    auto scratch = std::make_unique<Scratch>();
    scratch->begin(value->size() + text_bytes_max);
    ValueFault fault = parse_value(field, *value, ValueOptions{}, *scratch, &flags_.params[number]);
    flags_.texts.push_back(std::move(scratch));
    is_given_[number] = true;
    if (fault != ValueFault::none) {
      wrong_.push_back(fmt::format("{}: {}", flag_of(param), describe_fault(field, *value, fault)));
    }
  }

  // The next argument if it can be a value.
  std::optional<std::string_view> next_word() {
    if (at_ == arguments_.size() || arguments_[at_].starts_with("--")) return std::nullopt;
    return arguments_[at_++];
  }

  std::optional<uint32_t> find_param(std::string_view name) const {
    std::string wanted = with_underscores(name);
    for (uint32_t i = 0; i < program_.param_count; ++i) {
      if (wanted == program_.params[i].name) return i;
    }
    return std::nullopt;
  }

  void unknown(std::string_view name) {
    std::vector<std::string_view> names;
    for (const JobFlag& flag : job_flags) names.push_back(flag.name);
    for (uint32_t i = 0; i < program_.param_count; ++i) names.push_back(program_.params[i].name);
    std::string_view nearest = nearest_name(name, names);
    std::string mend = nearest.empty() ? "" : fmt::format("; did you mean --{}?", nearest);
    wrong_.push_back(fmt::format("there is no flag --{}{}", name, mend));
    next_word(); // most likely its value
  }

  void check_whole() {
    for (uint32_t i = 0; i < program_.param_count; ++i) {
      const FlowParam& param = program_.params[i];
      if (is_given_[i] || param.is_required == 0) continue;
      std::string help = param.help[0] == '\0' ? "" : fmt::format(" ({})", param.help);
      wrong_.push_back(fmt::format("{} {} has to be given{}", flag_of(param), kind_text(program_, param), help));
    }
    const StartRequest& start = flags_.options.start;
    if (start.is_fresh && start.restore != RestoreMode::automatic) {
      wrong_.push_back("--fresh starts a new job and --restore goes on with an old one: give one of them");
    }
    bool wants_state = start.restore == RestoreMode::latest || start.restore == RestoreMode::path;
    if (wants_state && flags_.options.checkpoint_dir.empty()) {
      wrong_.push_back("--restore needs --checkpoint-dir, the folder that the checkpoints are in");
    }
    if (flags_.restart.is_on() && flags_.options.checkpoint_dir.empty()) {
      wrong_.push_back("--restart needs --checkpoint-dir, the folder to go on from");
    }
    if (is_interval_given_ && flags_.options.checkpoint_dir.empty()) {
      wrong_.push_back("--checkpoint-interval needs --checkpoint-dir, the folder to keep the checkpoints in");
    }
    if (start.is_parallelism_asked_for && start.group_count && start.parallelism > *start.group_count) {
      wrong_.push_back(
          fmt::format("--parallelism {} is more than --max-parallelism {}", start.parallelism, *start.group_count));
    }
  }

  const FlowProgram& program_;
  const std::vector<std::string_view>& arguments_;
  JobFlags& flags_;
  std::vector<bool> is_given_;
  bool is_interval_given_ = false;
  size_t at_ = 0;
  std::vector<std::string> wrong_;
};

std::string default_text(const FlowProgram& program, const FlowParam& param) {
  if (param.is_required != 0) return param.help[0] == '\0' ? "has to be given" : "; has to be given";
  if (param.default_value.is_null != 0) return "";
  return fmt::format(" ({})", value_text(field_of(program, param), param.default_value));
}

// A flag and what it is for, lines of the help below one another.
void append_flag(std::string& out, const std::string& flag, std::string_view help) {
  constexpr size_t column = 34;
  std::string line = fmt::format("  {}", flag);
  if (line.size() + 1 > column) {
    out += line + "\n";
    line.clear();
  }
  while (true) {
    size_t end = help.find('\n');
    out += fmt::format("{:<{}}{}\n", line, column, help.substr(0, end));
    if (end == std::string_view::npos) return;
    help.remove_prefix(end + 1);
    line.clear();
  }
}

} // namespace

Result<JobFlags> parse_flags(const FlowProgram& program, const std::vector<std::string_view>& arguments,
                             uint32_t default_parallelism) {
  JobFlags flags;
  flags.options.start.parallelism = default_parallelism;
  flags.options.start.is_parallelism_asked_for = false;
  FLOW_TRY(Parser(program, arguments, flags).run());
  return flags;
}

std::string help_text(const FlowProgram& program, uint32_t default_parallelism) {
  std::string out = program.doc[0] == '\0' ? "" : fmt::format("{}\n\n", program.doc);
  out += fmt::format("Usage: {} [flags]\n", program.name);
  if (program.param_count > 0) out += "\nParams of the program\n";
  for (uint32_t i = 0; i < program.param_count; ++i) {
    const FlowParam& param = program.params[i];
    append_flag(out, fmt::format("{} {}", flag_of(param), kind_text(program, param)),
                fmt::format("{}{}", param.help, default_text(program, param)));
  }
  out += "\nFlags of every job\n";
  for (const JobFlag& flag : job_flags) {
    std::string help(flag.help);
    if (flag.name == "parallelism") help += fmt::format(" ({}, the cores of this machine)", default_parallelism);
    append_flag(out, fmt::format("--{}{}{}", flag.name, flag.value.empty() ? "" : " ", flag.value), help);
  }
  out += R"(
SIGINT and SIGTERM stop the job with a checkpoint; a second one ends it at once.
`savepoint DIR --checkpoint-dir DIR` asks a running job for a savepoint; `savepoint --help` tells more.

Exit codes
  0  finished: the input was read to its end     6  output or state cannot be written
  1  a mistake of Flow's own                     7  a checkpoint is damaged
  2  wrong flags or params                       8  the checkpoint does not fit
  3  stopped on request                          9  another instance uses the checkpoint folder
  4  bad data, where the program says stop      10  the start contradicts what is there
  5  input missing or unreadable                12  what was asked of a running job cannot be
)";
  return out;
}

} // namespace flow::runtime
