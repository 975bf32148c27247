#include "runtime/saved/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "runtime/base/text.h"
#include "runtime/saved/columns.h"

namespace flow::runtime {
namespace {

constexpr std::string_view fit_names[] = {"identical", "migratable", "lossy", "incompatible"};

bool is_signed(uint32_t kind) { return kind >= FLOW_I8 && kind <= FLOW_I64; }
bool is_unsigned(uint32_t kind) { return kind >= FLOW_U8 && kind <= FLOW_U64; }
uint32_t width(uint32_t kind) { return is_signed(kind) ? kind - FLOW_I8 : kind - FLOW_U8; }

// Whether every value of the one is one of the other.
bool is_widening(uint32_t from, uint32_t to) {
  if (is_signed(from) && is_signed(to)) return width(to) > width(from);
  if (is_unsigned(from) && is_unsigned(to)) return width(to) > width(from);
  if (is_unsigned(from) && is_signed(to)) return width(to) > width(from);
  return from == FLOW_F32 && to == FLOW_F64;
}

template <typename T> const T* find_named(const std::vector<T>& list, std::string_view name) {
  auto found = std::find_if(list.begin(), list.end(), [&](const T& one) { return one.name == name; });
  return found == list.end() ? nullptr : &*found;
}

// What an added field of a row begins as: null, or in an accumulator nothing.
enum class NewField : uint8_t { null, nothing };

// Judges one part: the worst of what is noted.
class Judgement {
public:
  void note(Fit fit, std::string why) {
    if (fit == Fit::identical) return;
    if (fit > fit_) {
      fit_ = fit;
      why_.clear();
    }
    if (fit == fit_) why_ += (why_.empty() ? "" : ", ") + why;
  }
  PartFit part(std::string name) && { return {std::move(name), fit_, std::move(why_)}; }

private:
  Fit fit_ = Fit::identical;
  std::string why_;
};

class Comparer {
public:
  Comparer(const Schema& saved, const Schema& program) : saved_(saved), program_(program) {}

  Comparison run() {
    for (size_t i = 0; i < saved_.states.size(); ++i) compare_state(i);
    for (const StateSchema& state : program_.states) {
      if (saved_.find_state(state.name) == nullptr) add(state.name, Fit::migratable, "it is new and begins empty");
    }
    compare_sources();
    return std::move(made_);
  }

private:
  void add(std::string name, Fit fit, std::string why) {
    made_.parts.push_back({std::move(name), fit, std::move(why)});
  }

  std::string type_of(const Schema& schema, const FieldSchema& field) const {
    return type_text(schema, field.kind, field.is_nullable(), field.enum_type);
  }

  void compare_state(size_t number) {
    const StateSchema& from = saved_.states[number];
    const StateSchema* to = program_.find_state(from.name);
    if (to == nullptr) return add(from.name, Fit::lossy, "the program has no such state");
    std::string other = different_frame(from, *to);
    if (!other.empty()) return add(from.name, Fit::incompatible, std::move(other));
    StateMove move{.from = number, .to = static_cast<size_t>(to - program_.states.data())};
    if (from.is_keyed() && !from.is_sessions())
      compare_cells(from, *to, move);
    else
      compare_windowed(from, *to, move);
    made_.needs_move = made_.needs_move || saved_.layout_of(from).fingerprint != program_.layout_of(*to).fingerprint ||
                       from.name != to->name;
    made_.moves.push_back(std::move(move));
  }

  // What differs in kind, key or window; empty: nothing.
  std::string different_frame(const StateSchema& from, const StateSchema& to) const {
    if (from.kind != to.kind || from.is_sessions() != to.is_sessions()) return "it is another kind of state";
    std::string before = key_text(saved_, from), now = key_text(program_, to);
    if (before != now) return fmt::format("its key is ({}), and in the program ({})", before, now);
    if (from.key_size != to.key_size || from.key_is_bytes != to.key_is_bytes) return "its key has other bytes";
    bool is_same = from.window == to.window && from.size_us == to.size_us && from.slide_us == to.slide_us &&
                   from.offset_us == to.offset_us && from.pane_us == to.pane_us;
    bool is_one = from.meaning.find(" = ") == std::string::npos && to.meaning.find(" = ") == std::string::npos;
    if (is_one && from.meaning != to.meaning)
      return fmt::format("it was kept for `{}`, and is in the program for `{}`", from.meaning, to.meaning);
    if (is_updating(saved_, from) != is_updating(program_, to))
      return "late rows change its results in one of them only";
    if ((!from.is_keyed() || from.is_sessions()) && !is_same) return "its window is another";
    return "";
  }

  // Keys and results that are worked out from something else than before, under the same name.
  static void compare_meanings(const StateSchema& from, const StateSchema& to, Judgement& judgement) {
    std::map<std::string_view, std::string_view> now = lines_of(to.meaning);
    for (const auto& [name, text] : lines_of(from.meaning)) {
      auto kept = now.find(name);
      if (kept == now.end() || kept->second == text) continue;
      judgement.note(Fit::lossy, fmt::format("'{}' was `{}` and is `{}`: what came before counts as it did", name, text,
                                             kept->second));
    }
  }

  // By name, of lines "name = text".
  static std::map<std::string_view, std::string_view> lines_of(std::string_view meaning) {
    constexpr std::string_view between = " = ";
    std::map<std::string_view, std::string_view> lines;
    while (!meaning.empty()) {
      std::string_view line = meaning.substr(0, meaning.find('\n'));
      meaning.remove_prefix(std::min(line.size() + 1, meaning.size()));
      if (size_t at = line.find(between); at != line.npos)
        lines.emplace(line.substr(0, at), line.substr(at + between.size()));
    }
    return lines;
  }

  // An entry tells whether its result has been given.
  static bool is_updating(const Schema& schema, const StateSchema& state) {
    return find_named(schema.layout_of(state).fields, "@seen") != nullptr;
  }

  // Values of an enum are a part of the key's type: their numbers are what it consists of.
  std::string key_text(const Schema& schema, const StateSchema& state) const {
    std::string text;
    for (const KeySchema& key : state.keys) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", key.name,
                          type_text(schema, key.kind, key.is_nullable, key.enum_type));
      if (key.kind == FLOW_ENUM) text += fmt::format(" {}", fmt::join(schema.enums[key.enum_type].texts, "|"));
    }
    return text;
  }

  void compare_cells(const StateSchema& from, const StateSchema& to, StateMove& move) {
    for (const CellSchema& cell : from.cells) {
      std::string name = fmt::format("{}.{}", from.name, cell.name);
      const CellSchema* kept = find_cell(from, to, cell);
      if (kept == nullptr) {
        add(std::move(name), Fit::lossy, "the program has no such cell");
        continue;
      }
      Judgement judgement;
      if (kept->name != cell.name) judgement.note(Fit::migratable, fmt::format("it is '{}' now", kept->name));
      CellMove& cells = move.cells.emplace_back(CellMove{.from_set = cell.set_offset,
                                                         .to_set = kept->set_offset,
                                                         .row = {},
                                                         .from_written = cell.written_offset,
                                                         .to_written = kept->written_offset});
      compare_fields(fields_of(saved_, from, cell), fields_of(program_, to, *kept), NewField::null, cells.row,
                     judgement);
      compare_expiry(cell, *kept, judgement);
      made_.parts.push_back(std::move(judgement).part(std::move(name)));
    }
    for (const CellSchema& cell : to.cells) {
      bool is_known = std::any_of(from.cells.begin(), from.cells.end(),
                                  [&](const CellSchema& one) { return find_cell(from, to, one) == &cell; });
      std::string why = "it is new and not set anywhere";
      if (!cell.was.empty()) why += fmt::format(" (the checkpoint has no '{}')", cell.was);
      if (!is_known) add(fmt::format("{}.{}", to.name, cell.name), Fit::migratable, std::move(why));
    }
    compare_timers(from, to, move);
  }

  // By its name; else the one that says it had this name, unless that one's own is known too: it was renamed before.
  static const CellSchema* find_cell(const StateSchema& from, const StateSchema& to, const CellSchema& cell) {
    if (const CellSchema* same = find_named(to.cells, cell.name)) return same;
    for (const CellSchema& renamed : to.cells) {
      if (renamed.was == cell.name && find_named(from.cells, renamed.name) == nullptr) return &renamed;
    }
    return nullptr;
  }

  void compare_expiry(const CellSchema& from, const CellSchema& to, Judgement& judgement) const {
    if (from.does_expire() && !to.does_expire()) return judgement.note(Fit::migratable, "it does not expire any more");
    if (!to.does_expire() || (from.does_expire() && from.expires_us == to.expires_us)) return;
    std::string text = "it expires after " + format_duration(to.expires_us);
    text += from.does_expire() ? " instead of " + format_duration(from.expires_us) : ", counted from the checkpoint";
    judgement.note(Fit::migratable, std::move(text));
  }

  void compare_timers(const StateSchema& from, const StateSchema& to, StateMove& move) {
    for (const TimerSchema& timer : from.timers) {
      std::string name = fmt::format("{}.{}", from.name, timer.name);
      const TimerSchema* kept = find_named(to.timers, timer.name);
      if (kept == nullptr) {
        add(std::move(name), Fit::lossy, "the program has no such timer");
      } else if (kept->is_processing_time != timer.is_processing_time) {
        add(std::move(name), Fit::incompatible,
            kept->is_processing_time ? "it is in processing time now" : "it is in event time now");
      } else {
        move.timers.push_back({timer, *kept});
        add(std::move(name), Fit::identical, "");
      }
    }
    for (const TimerSchema& timer : to.timers) {
      bool is_new = find_named(from.timers, timer.name) == nullptr;
      if (is_new) add(fmt::format("{}.{}", to.name, timer.name), Fit::migratable, "it is new and not set anywhere");
    }
  }

  // Of windows: accumulators, or rows.
  void compare_windowed(const StateSchema& from, const StateSchema& to, StateMove& move) {
    Judgement judgement;
    CellMove& all = move.cells.emplace_back();
    if (from.is_sessions()) {
      all.from_set = from.cells[0].set_offset;
      all.to_set = to.cells[0].set_offset;
      move.timers.push_back({from.timers[0], to.timers[0]});
      compare_fields(fields_of(saved_, from, from.cells[0]), fields_of(program_, to, to.cells[0]), NewField::nothing,
                     all.row, judgement);
    } else {
      compare_fields(fields_of(saved_, from), fields_of(program_, to), NewField::nothing, all.row, judgement);
    }
    compare_rows(saved_.layout_of(from), program_.layout_of(to), move, judgement);
    compare_meanings(from, to, judgement);
    made_.parts.push_back(std::move(judgement).part(from.name));
  }

  void compare_rows(const LayoutSchema& from, const LayoutSchema& to, StateMove& move, Judgement& judgement) const {
    if (from.has_repeat() != to.has_repeat() || from.lists.size() != to.lists.size()) {
      return judgement.note(Fit::incompatible, "it keeps rows of other kinds");
    }
    if (from.has_repeat()) {
      if (from.repeat.max != to.repeat.max) {
        return judgement.note(Fit::incompatible,
                              fmt::format("it keeps {} rows, and in the program {}", from.repeat.max, to.repeat.max));
      }
      compare_fields(saved_.layouts[from.repeat.row_layout].fields, program_.layouts[to.repeat.row_layout].fields,
                     NewField::null, move.repeat, judgement);
    }
    for (const FlowList& list : to.lists) {
      const std::string& name = program_.layouts[list.row_layout].name;
      auto kept = std::find_if(from.lists.begin(), from.lists.end(),
                               [&](const FlowList& one) { return saved_.layouts[one.row_layout].name == name; });
      if (kept == from.lists.end()) return judgement.note(Fit::incompatible, "it keeps rows of other inputs");
      move.list_from.push_back(static_cast<size_t>(kept - from.lists.begin()));
      compare_fields(saved_.layouts[kept->row_layout].fields, program_.layouts[list.row_layout].fields, NewField::null,
                     move.lists.emplace_back(), judgement);
    }
  }

  static std::vector<FieldSchema> fields_of(const Schema& schema, const StateSchema& state) {
    std::vector<FieldSchema> fields;
    for (const FieldSchema& field : schema.layout_of(state).fields) {
      if (field.offset >= state.key_size) fields.push_back(field);
    }
    return fields;
  }
  static std::vector<FieldSchema> fields_of(const Schema& schema, const StateSchema& state, const CellSchema& cell) {
    std::vector<FieldSchema> fields;
    for (const FieldSchema& field : schema.layout_of(state).fields) {
      if (field.offset < cell.begin || field.offset >= cell.end) continue;
      fields.push_back(field);
      // As it is called in its cell, which may be renamed: "n" of "last.n". One that is its cell has no name.
      if (!state.is_sessions()) fields.back().name.erase(0, std::min(field.name.size(), cell.name.size() + 1));
    }
    return fields;
  }

  void compare_fields(const std::vector<FieldSchema>& from, const std::vector<FieldSchema>& to, NewField new_field,
                      RowMove& move, Judgement& judgement) const {
    for (const FieldSchema& field : from) {
      const FieldSchema* kept = find_named(to, field.name);
      if (kept != nullptr)
        compare_field(field, *kept, move, judgement);
      else
        judgement.note(Fit::lossy, fmt::format("'{}' is not there any more", field.name));
    }
    for (const FieldSchema& field : to) {
      if (find_named(from, field.name) != nullptr) continue;
      if (new_field == NewField::nothing) {
        judgement.note(Fit::lossy, fmt::format("'{}' is new: what came before does not count in it", field.name));
      } else if (field.is_nullable()) {
        move.null_bits.push_back(field.null_bit);
        judgement.note(Fit::migratable, fmt::format("'{}' is new and null", field.name));
      } else {
        judgement.note(Fit::incompatible, fmt::format("'{}' is new and has no value: make it '{}?'", field.name,
                                                      type_of(program_, field)));
      }
    }
  }

  // "'n' is ", or of a field that is its cell "it is ".
  static std::string subject(const FieldSchema& field, std::string_view verb = "is") {
    return field.name.empty() ? fmt::format("it {} ", verb) : fmt::format("'{}' {} ", field.name, verb);
  }

  void compare_field(const FieldSchema& from, const FieldSchema& to, RowMove& move, Judgement& judgement) const {
    std::string before = type_of(saved_, from), now = type_of(program_, to);
    auto changed = [&](std::string_view more) {
      return fmt::format("{}{}, and in the program {}{}", subject(from), before, now, more);
    };
    FieldMove field{.from = from, .to = to, .enum_numbers = {}};
    if (from.is_nullable() && !to.is_nullable()) return judgement.note(Fit::incompatible, changed(""));
    if (from.kind != to.kind && !is_widening(from.kind, to.kind)) return judgement.note(Fit::incompatible, changed(""));
    bool is_other = from.kind != to.kind || from.is_nullable() != to.is_nullable();
    if (is_other) judgement.note(Fit::migratable, changed(""));
    if (from.kind == FLOW_ENUM) compare_enum(from, to, field, judgement);
    move.fields.push_back(std::move(field));
  }

  void compare_enum(const FieldSchema& from, const FieldSchema& to, FieldMove& move, Judgement& judgement) const {
    const std::vector<std::string>& before = saved_.enums[from.enum_type].texts;
    const std::vector<std::string>& now = program_.enums[to.enum_type].texts;
    for (const std::string& text : before) {
      auto kept = std::find(now.begin(), now.end(), text);
      if (kept == now.end()) {
        return judgement.note(Fit::incompatible, fmt::format("{}{}, which the program does not know",
                                                             subject(from, "may be"), quoted(text)));
      }
      move.enum_numbers.push_back(static_cast<uint32_t>(kept - now.begin()));
    }
    if (before != now)
      judgement.note(Fit::migratable, "the values of the enum" +
                                          (from.name.empty() ? "" : fmt::format(" '{}'", from.name)) + " are others");
  }

  void compare_sources() {
    for (const SourceSchema& from : saved_.sources) {
      const SourceSchema* to = find_named(program_.sources, from.name);
      if (to == nullptr) {
        add(from.name, Fit::lossy, "the program has no such source: how far it was read is forgotten");
      } else if (from.type != to->type || from.format != to->format) {
        add(from.name, Fit::incompatible,
            fmt::format("the source is {} {}, and in the program {} {}", from.type, from.format, to->type, to->format));
      } else {
        add(from.name, Fit::identical, "");
      }
    }
    for (const SourceSchema& to : program_.sources) {
      bool is_new = find_named(saved_.sources, to.name) == nullptr;
      if (is_new) add(to.name, Fit::migratable, "the source is new and read from its beginning");
    }
  }

  const Schema& saved_;
  const Schema& program_;
  Comparison made_;
};

} // namespace

Fit Comparison::worst() const {
  Fit worst = Fit::identical;
  for (const PartFit& part : parts) worst = std::max(worst, part.fit);
  return worst;
}

Comparison compare(const Schema& saved, const Schema& program) { return Comparer(saved, program).run(); }

std::vector<std::string> comparison_lines(const Comparison& comparison, Fit from) {
  std::vector<std::string> lines;
  for (const PartFit& part : comparison.parts) {
    if (part.fit < from) continue;
    lines.push_back(fmt::format("{:<13} {}{}{}", fit_names[static_cast<size_t>(part.fit)], part.name,
                                part.why.empty() ? "" : ": ", part.why));
  }
  return lines;
}

std::string comparison_text(const Comparison& comparison, Fit from) {
  std::string text;
  for (const std::string& line : comparison_lines(comparison, from)) text += line + "\n";
  return text;
}

} // namespace flow::runtime
