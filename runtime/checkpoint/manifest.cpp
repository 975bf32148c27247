#include "runtime/checkpoint/manifest.h"

#include <fmt/format.h>

#include "runtime/base/bytes.h"
#include "runtime/base/crc32c.h"
#include "runtime/checkpoint/job_record.h"
#include "runtime/env/files.h"

namespace flow::runtime {
namespace {

constexpr std::string_view magic = "FLOWMANI";
constexpr uint32_t format = 2;
constexpr size_t crc_bytes = 4;

template <typename T, typename Write> void write_list(ByteWriter& out, const std::vector<T>& list, Write write) {
  out.varint(list.size());
  for (const T& item : list) write(item);
}

template <typename T, typename Read> void read_list(ByteReader& in, std::vector<T>& list, size_t bytes_min, Read read) {
  uint64_t count = in.count(bytes_min);
  for (uint64_t i = 0; i < count && !in.has_failed(); ++i) list.push_back(read());
}

void write_file(ByteWriter& out, const StateFile& file) {
  out.text(file.name);
  out.varint(file.task);
  write_list(out, file.sections, [&](const StateSection& section) {
    out.u32(section.group);
    out.varint(section.length);
    out.u32(section.crc);
  });
}

StateFile read_file(ByteReader& in, uint32_t parallelism) {
  StateFile file;
  file.name = in.text();
  if (!is_plain_name(file.name)) in.fail(); // it becomes a path
  file.task = static_cast<uint32_t>(in.varint());
  if (file.task >= parallelism) in.fail();
  uint64_t total = 0;
  read_list(in, file.sections, 9, [&] {
    StateSection section;
    section.group = in.u32();
    section.length = in.varint();
    section.crc = in.u32();
    if (__builtin_add_overflow(total, section.length, &total)) in.fail();
    return section;
  });
  return file;
}

void write_chain(ByteWriter& out, const ChainRecord& chain) {
  out.text(chain.uid);
  out.varint(chain.parallelism);
  write_list(out, chain.files, [&](const StateFile& file) { write_file(out, file); });
  write_list(out, chain.splits, [&](const SplitRecord& split) {
    out.text(split.spec);
    out.text(split.fingerprint);
    out.signed_varint(split.cursor);
  });
}

ChainRecord read_chain(ByteReader& in) {
  ChainRecord chain;
  chain.uid = in.text();
  chain.parallelism = static_cast<uint32_t>(in.varint());
  read_list(in, chain.files, 3, [&] { return read_file(in, chain.parallelism); });
  read_list(in, chain.splits, 3, [&] {
    SplitRecord split;
    split.spec = in.text();
    split.fingerprint = in.text();
    split.cursor = in.signed_varint();
    return split;
  });
  return chain;
}

void write_body(ByteWriter& out, const Manifest& manifest) {
  out.text(manifest.job_id);
  out.text(manifest.suffix);
  out.u64(manifest.attempt);
  out.u64(manifest.epoch);
  out.u64(manifest.committed_epoch);
  out.u32(manifest.group_count);
  out.u32(manifest.parallelism);
  out.u8(manifest.is_finished);
  out.u8(manifest.is_savepoint);
  out.i64(manifest.wall_us);
  out.text(manifest.program);
  out.u64(manifest.program_fingerprint);
  write_list(out, manifest.states, [&](const StateFingerprint& state) {
    out.text(state.name);
    out.u64(state.fingerprint);
  });
  out.text(manifest.schema);
  write_list(out, manifest.chains, [&](const ChainRecord& chain) { write_chain(out, chain); });
  write_list(out, manifest.sinks, [&](const SinkRecord& sink) {
    out.text(sink.name);
    out.text(sink.place);
    write_list(out, sink.files, [&](const std::string& file) { out.text(file); });
  });
}

Manifest read_body(ByteReader& in) {
  Manifest manifest;
  manifest.job_id = in.text();
  manifest.suffix = in.text();
  manifest.attempt = in.u64();
  manifest.epoch = in.u64();
  manifest.committed_epoch = in.u64();
  manifest.group_count = in.u32();
  manifest.parallelism = in.u32();
  uint8_t is_finished = in.u8();
  manifest.is_finished = is_finished == 1;
  uint8_t is_savepoint = in.u8();
  manifest.is_savepoint = is_savepoint == 1;
  manifest.wall_us = in.i64();
  manifest.program = in.text();
  manifest.program_fingerprint = in.u64();
  read_list(in, manifest.states, 9, [&] {
    StateFingerprint state;
    state.name = in.text();
    state.fingerprint = in.u64();
    return state;
  });
  manifest.schema = in.text();
  read_list(in, manifest.chains, 4, [&] { return read_chain(in); });
  read_list(in, manifest.sinks, 3, [&] {
    SinkRecord sink;
    sink.name = in.text();
    sink.place = in.text();
    read_list(in, sink.files, 1, [&] { return std::string(in.text()); });
    return sink;
  });
  uint64_t committed_max = manifest.is_savepoint ? manifest.epoch : manifest.epoch - 1;
  bool fits = is_finished <= 1 && is_savepoint <= 1 && is_job_id(manifest.job_id) && is_job_suffix(manifest.suffix) &&
              manifest.epoch > 0 && manifest.committed_epoch <= committed_max && manifest.group_count > 0 &&
              manifest.attempt > 0;
  if (!fits) in.fail();
  return manifest;
}

} // namespace

uint64_t StateFile::length() const {
  uint64_t total = 0;
  for (const StateSection& section : sections) total += section.length;
  return total;
}

std::string encode_manifest(const Manifest& manifest) {
  ByteWriter out;
  out.raw(magic);
  out.u32(format);
  write_body(out, manifest);
  out.u32(crc32c(out.view()));
  return out.take();
}

Result<Manifest> decode_manifest(std::string_view bytes, const std::string& path) {
  Status damaged(ExitCode::checkpoint_damaged, fmt::format("the manifest '{}' is damaged", path));
  if (bytes.size() < magic.size() + 2 * crc_bytes || !bytes.starts_with(magic)) return damaged;
  std::string_view body = bytes.substr(0, bytes.size() - crc_bytes);
  if (ByteReader(bytes.substr(body.size())).u32() != crc32c(body)) return damaged;
  ByteReader in(body.substr(magic.size()));
  if (uint32_t version = in.u32(); version != format) {
    return Status(ExitCode::checkpoint_foreign,
                  fmt::format("the manifest '{}' has format {}, and this job reads format {}", path, version, format));
  }
  Manifest manifest = read_body(in);
  if (in.has_failed() || !in.is_at_end()) return damaged;
  return manifest;
}

std::string section_place(const std::string& job_id, uint64_t epoch, const std::string& file_name) {
  return fmt::format("{}/{}/{}", job_id, epoch, file_name);
}

} // namespace flow::runtime
