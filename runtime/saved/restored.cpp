#include "runtime/saved/restored.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/base/bytes.h"
#include "runtime/env/files.h"
#include "runtime/task/snapshot.h"

namespace flow::runtime {

RestoredState::RestoredState(Schema saved, Schema program)
    : saved_(std::move(saved)), program_(std::move(program)), comparison_(compare(saved_, program_)),
      migration_(saved_, program_, comparison_) {}

Result<std::unique_ptr<RestoredState>> RestoredState::judge(const StoredEpoch& epoch, const FlowProgram& program,
                                                            bool allows_lossy) {
  FLOW_TRY_ASSIGN(Schema saved, decode_schema(epoch.manifest.schema, join_path(epoch.folder, "manifest")));
  auto made = std::unique_ptr<RestoredState>(new RestoredState(std::move(saved), schema_of(program)));
  Fit worst = made->comparison().worst();
  if (worst == Fit::incompatible) {
    return Status(
        ExitCode::checkpoint_foreign,
        fmt::format("the checkpoint '{}' of '{}' does not fit '{}'\n{}run the program that wrote it, or start "
                    "anew with --fresh",
                    epoch.folder, epoch.manifest.program, program.name,
                    comparison_text(made->comparison(), Fit::incompatible)));
  }
  if (worst == Fit::lossy && !allows_lossy) {
    return Status(
        ExitCode::checkpoint_foreign,
        fmt::format("a part of the checkpoint '{}' of '{}' has no place in '{}'\n{}give --allow-lossy if it is "
                    "to be dropped, or start anew with --fresh",
                    epoch.folder, epoch.manifest.program, program.name,
                    comparison_text(made->comparison(), Fit::lossy)));
  }
  return made;
}

Result<std::string> RestoredState::group(std::string bytes, int64_t written_us) const {
  bool is_as_it_is = !comparison_.needs_move && comparison_.worst() < Fit::lossy;
  if (is_as_it_is) return bytes;
  return migration_.migrate(bytes, written_us);
}

std::optional<int64_t> watermark_of_item(std::string_view item) {
  ByteReader in(item);
  bool is_item = in.raw(item_magic.size()) == item_magic && in.u8() == static_cast<uint8_t>(ItemKind::task);
  in.u32(); // which task
  int64_t watermark = in.i64();
  if (!is_item || in.has_failed() || watermark == INT64_MIN) return std::nullopt;
  return watermark;
}

} // namespace flow::runtime
