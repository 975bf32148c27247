#include "runtime/saved/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "runtime/base/text.h"
#include "runtime/checkpoint/state_file.h"
#include "runtime/env/files.h"
#include "runtime/saved/columns.h"
#include "runtime/saved/entries.h"

namespace flow::runtime {
namespace {

constexpr size_t written_at_once = 64 * 1024;
constexpr uint64_t record_bytes_max = 64 * 1024;
constexpr std::string_view window_kinds[] = {"tumbling", "hopping",  "that of its input",
                                             "global",   "cumulate", "that of its input"};

// A whole epoch with what it says of its states.
struct ShownEpoch {
  StoredEpoch stored;
  Schema schema;
};

Result<ShownEpoch> open_epoch(Env& env, const std::string& folder) {
  FLOW_TRY_ASSIGN(StoredEpoch stored, read_epoch(env, folder));
  FLOW_TRY_ASSIGN(Schema schema, decode_schema(stored.manifest.schema, join_path(folder, "manifest")));
  return ShownEpoch{std::move(stored), std::move(schema)};
}

// Every key group of every task.
Status visit_entries(Env& env, const ShownEpoch& epoch, const GroupReader& reader, GroupVisitor& visitor,
                     const std::function<Status()>& after_group) {
  for (const ChainRecord& chain : epoch.stored.manifest.chains) {
    for (const StateFile& file : chain.files) {
      for (size_t i = 0; i < file.sections.size(); ++i) {
        if (file.sections[i].group == section_is_item) continue;
        FLOW_TRY_ASSIGN(std::string bytes,
                        read_section(env, epoch.stored.folder, epoch.stored.place_of(file), file, i));
        FLOW_TRY(reader.read(bytes, visitor));
        FLOW_TRY(after_group());
      }
    }
  }
  return Status();
}

class Counter final : public GroupVisitor {
public:
  struct Counts {
    uint64_t entries = 0;
    std::map<int64_t, uint64_t> panes;
    std::vector<uint64_t> cells, timers; // in how many entries each is set
  };
  bool begin(const StateSchema& state) override {
    Counts& counts = counts_[state.name];
    counts.cells.resize(state.cells.size());
    counts.timers.resize(state.timers.size());
    return true;
  }
  void visit(const StateSchema& state, const SavedEntry& entry) override {
    Counts& counts = counts_[state.name];
    ++counts.entries;
    if (!state.is_keyed()) ++counts.panes[entry.pane_us];
    for (size_t i = 0; i < state.cells.size(); ++i) counts.cells[i] += entry.bytes[state.cells[i].set_offset];
    for (size_t i = 0; i < state.timers.size(); ++i) counts.timers[i] += entry.bytes[state.timers[i].set_offset];
  }
  Counts of(const StateSchema& state) {
    begin(state);
    return counts_[state.name];
  }

private:
  std::map<std::string, Counts> counts_;
};

std::string plural(uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string key_text(const Schema& schema, const StateSchema& state) {
  std::string text;
  for (const KeySchema& key : state.keys) {
    text += fmt::format("{}{} {}", text.empty() ? "by " : ", ", key.name,
                        type_text(schema, key.kind, key.is_nullable, key.enum_type));
  }
  return text.empty() ? "without a key" : text;
}

std::string window_text(const StateSchema& state) {
  if (state.is_sessions()) return fmt::format(", sessions with a gap of {}", format_duration(state.size_us));
  if (state.is_keyed()) return "";
  if (state.meaning.find("join within ") != std::string::npos) return ", " + state.meaning;
  if (state.window >= std::size(window_kinds)) return ", of a window";
  std::string text = fmt::format(", window {}", window_kinds[state.window]);
  bool is_stepped = state.window == FLOW_WINDOW_HOPPING || state.window == FLOW_WINDOW_CUMULATE;
  if (is_stepped || state.window == FLOW_WINDOW_TUMBLING) text += " " + format_duration(state.size_us);
  if (is_stepped) text += " each " + format_duration(state.slide_us);
  return text;
}

std::string fields_text(const Schema& schema, const LayoutSchema& layout, uint32_t begin, uint32_t end) {
  std::string text;
  for (const FieldSchema& field : layout.fields) {
    if (field.name.starts_with("@") || field.offset < begin || field.offset >= end) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", field.name,
                        type_text(schema, field.kind, field.is_nullable(), field.enum_type));
  }
  return text;
}

void append_state(std::string& out, const Schema& schema, const StateSchema& state, const Counter::Counts& counts) {
  const LayoutSchema& layout = schema.layout_of(state);
  out += fmt::format("  state {}: {}{}, {}", state.name, key_text(schema, state), window_text(state),
                     plural(counts.entries, "entry", "entries"));
  if (!state.is_keyed()) out += " in " + plural(counts.panes.size(), "pane", "panes");
  out += fmt::format(" of {} bytes\n", layout.stride);
  if (!state.is_keyed() || state.is_sessions()) {
    uint32_t begin = state.is_keyed() ? state.cells[0].begin : state.key_size;
    std::string fields = fields_text(schema, layout, begin, layout.stride);
    if (!fields.empty()) out += fmt::format("    fields {}\n", fields);
    if (layout.has_repeat()) {
      out += fmt::format("    rows {}\n", fields_text(schema, schema.layouts[layout.repeat.row_layout], 0, UINT32_MAX));
    }
    for (const FlowList& list : layout.lists) {
      const LayoutSchema& rows = schema.layouts[list.row_layout];
      out += fmt::format("    rows {}: {}\n", rows.name, fields_text(schema, rows, 0, UINT32_MAX));
    }
    return;
  }
  for (size_t i = 0; i < state.cells.size(); ++i) {
    const CellSchema& cell = state.cells[i];
    out += fmt::format("    cell {}: {}{}; set in {}\n", cell.name, fields_text(schema, layout, cell.begin, cell.end),
                       cell.does_expire() ? "; expires after " + format_duration(cell.expires_us) : "",
                       plural(counts.cells[i], "entry", "entries"));
  }
  for (size_t i = 0; i < state.timers.size(); ++i) {
    out += fmt::format("    timer {}: {} time; set in {}\n", state.timers[i].name,
                       state.timers[i].is_processing_time ? "processing" : "event",
                       plural(counts.timers[i], "entry", "entries"));
  }
}

void append_head(std::string& out, const StoredEpoch& stored) {
  const Manifest& manifest = stored.manifest;
  Field time{.name = "taken", .kind = FLOW_TIMESTAMP};
  uint64_t bytes = 0;
  for (const ChainRecord& chain : manifest.chains) {
    for (const StateFile& file : chain.files) bytes += file.length();
  }
  out += fmt::format("{}\n  {} of '{}', job {}, epoch {}, at {}\n", stored.folder,
                     manifest.is_savepoint ? "savepoint" : "checkpoint", manifest.program, manifest.job_id,
                     manifest.epoch, value_text(time, FlowCell{.value = {.i = manifest.wall_us}}));
  out += fmt::format("  {}, {} of state, {}{}\n", plural(manifest.parallelism, "task", "tasks"),
                     plural(bytes, "byte", "bytes"), plural(manifest.group_count, "key group", "key groups"),
                     manifest.is_finished ? ", finished" : "");
}

Status append_epoch(Env& env, const std::string& folder, std::string& out) {
  FLOW_TRY_ASSIGN(ShownEpoch epoch, open_epoch(env, folder));
  append_head(out, epoch.stored);
  SchemaProgram program(epoch.schema);
  Counter counter;
  FLOW_TRY(visit_entries(env, epoch, GroupReader(epoch.schema, program), counter, [] { return Status(); }));
  for (const StateSchema& state : epoch.schema.states) append_state(out, epoch.schema, state, counter.of(state));
  for (const ChainRecord& chain : epoch.stored.manifest.chains) {
    for (const SourceSchema& source : epoch.schema.sources) {
      if (source.chain != chain.uid) continue;
      out += fmt::format("  source {} ({}{}{}): {}\n", source.name, source.type, source.format.empty() ? "" : ", ",
                         source.format, plural(chain.splits.size(), "split", "splits"));
    }
  }
  for (const SinkRecord& sink : epoch.stored.manifest.sinks)
    out += fmt::format("  sink {} in '{}'\n", sink.name, sink.place);
  return Status();
}

class Printer final : public GroupVisitor {
public:
  Printer(const Schema& schema, const ShownState& shown, ShowFormat format)
      : shown_(shown), columns_(schema, shown), format_(format) {
    if (format != ShowFormat::csv) return;
    for (const std::string& name : columns_.names()) {
      if (!lines.empty()) lines += ',';
      lines += name;
    }
    lines += '\n';
  }
  bool begin(const StateSchema& state) override { return &state == shown_.state; }
  void visit(const StateSchema&, const SavedEntry& entry) override {
    if (!columns_.has_any(entry)) return;
    bool is_read = format_ == ShowFormat::csv ? columns_.append_csv(entry, lines) : columns_.append_json(entry, lines);
    is_damaged = is_damaged || !is_read;
  }

  std::string lines;
  bool is_damaged = false;

private:
  ShownState shown_;
  EntryColumns columns_;
  ShowFormat format_;
};

Result<bool> is_epoch(Env& env, const std::string& folder) {
  return exists(env, join_path(folder, "manifest")).as(ExitCode::input_missing);
}

// Epochs right beneath the folder.
Status add_epochs(Env& env, const std::string& folder, std::vector<std::string>& found) {
  FLOW_TRY_ASSIGN(std::vector<FolderEntry> entries, env.read_folder(folder));
  std::vector<uint64_t> epochs;
  for (const FolderEntry& entry : entries) {
    std::optional<uint64_t> epoch = epoch_of_folder(entry.name);
    if (!epoch) continue;
    FLOW_TRY_ASSIGN(bool is_complete, is_epoch(env, join_path(folder, entry.name)));
    if (is_complete) epochs.push_back(*epoch);
  }
  std::sort(epochs.begin(), epochs.end());
  for (uint64_t epoch : epochs) found.push_back(join_path(folder, epoch_folder_name(epoch)));
  return Status();
}

// Where the epochs of the job lie that was started last.
Result<std::string> current_folder(Env& env, const std::string& folder) {
  std::string path = join_path(folder, "job");
  FLOW_TRY_ASSIGN(bool is_there, exists(env, path).as(ExitCode::input_missing));
  if (!is_there) return folder;
  FLOW_TRY_ASSIGN(std::string bytes, read_file(env, path, Access::own, record_bytes_max));
  FLOW_TRY_ASSIGN(JobRecord record, decode_job_record(bytes, path));
  return record.folder.empty() ? folder : join_path(folder, record.folder);
}

} // namespace

Result<std::vector<std::string>> find_epochs(Env& env, const std::string& folder) {
  FLOW_TRY_ASSIGN(bool is_one, is_epoch(env, folder));
  if (is_one) return std::vector<std::string>{folder};
  FLOW_TRY_ASSIGN(std::string current, current_folder(env, folder));
  std::vector<std::string> found;
  if (current != folder) FLOW_TRY(add_epochs(env, folder, found));
  FLOW_TRY_ASSIGN(std::vector<FolderEntry> entries, env.read_folder(folder));
  for (const FolderEntry& entry : entries) {
    std::string path = join_path(folder, entry.name);
    bool is_of_job = entry.kind == FileKind::folder && is_job_id(entry.name);
    if (is_of_job && path != current) FLOW_TRY(add_epochs(env, path, found));
  }
  FLOW_TRY(add_epochs(env, current, found));
  if (!found.empty()) return found;
  return Status(ExitCode::input_missing,
                fmt::format("'{}' holds no checkpoint and is none: give the --checkpoint-dir of "
                            "a job, one of its epochs, or a savepoint",
                            folder));
}

Result<Schema> read_schema(Env& env, const std::string& folder) {
  FLOW_TRY_ASSIGN(std::vector<std::string> epochs, find_epochs(env, folder));
  FLOW_TRY_ASSIGN(ShownEpoch epoch, open_epoch(env, epochs.back()));
  return std::move(epoch.schema);
}

Result<std::string> list_states(Env& env, const std::string& folder) {
  FLOW_TRY_ASSIGN(std::vector<std::string> epochs, find_epochs(env, folder));
  std::string out;
  for (const std::string& epoch : epochs) FLOW_TRY(append_epoch(env, epoch, out));
  return out;
}

Status show_state(Env& env, const std::string& folder, std::string_view name, ShowFormat format,
                  const std::function<Status(std::string_view lines)>& write) {
  FLOW_TRY_ASSIGN(std::vector<std::string> epochs, find_epochs(env, folder));
  FLOW_TRY_ASSIGN(ShownEpoch epoch, open_epoch(env, epochs.back()));
  FLOW_TRY_ASSIGN(ShownState shown, find_shown(epoch.schema, name));
  SchemaProgram program(epoch.schema);
  Printer printer(epoch.schema, shown, format);
  auto pass_on = [&](size_t at_least) {
    if (printer.is_damaged) return Status(ExitCode::checkpoint_damaged, "a stored key is damaged");
    if (printer.lines.empty() || printer.lines.size() < at_least) return Status();
    Status written = write(printer.lines);
    printer.lines.clear();
    return written;
  };
  FLOW_TRY(
      visit_entries(env, epoch, GroupReader(epoch.schema, program), printer, [&] { return pass_on(written_at_once); }));
  return pass_on(0);
}

} // namespace flow::runtime
