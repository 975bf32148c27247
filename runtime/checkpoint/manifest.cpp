#include "runtime/checkpoint/manifest.h"

#include <fmt/format.h>

#include "runtime/base/crc32c.h"
#include "runtime/base/text.h"
#include "runtime/env/files.h"

namespace flow::runtime {
namespace {

constexpr std::string_view manifest_magic = "FLOWCKPT";
constexpr std::string_view record_magic = "FLOWJOB.";
constexpr std::string_view epoch_prefix = "epoch-";
constexpr size_t frame_bytes = 8 + 4 + 4;

std::string seal(std::string_view magic, std::string_view name, std::string_view body) {
  ByteWriter out;
  out.raw(magic);
  out.u32(checkpoint_format);
  out.raw(body);
  out.u32(crc32c_of_block(name, 0, out.view()));
  return out.take();
}

// The body between magic and checksum.
Result<std::string_view> unseal(std::string_view bytes, std::string_view magic, std::string_view name,
                                std::string_view path) {
  auto damaged = [&](std::string_view what) {
    return Status(ExitCode::checkpoint_damaged, fmt::format("'{}' is damaged: {}", path, what));
  };
  if (bytes.size() < frame_bytes) return damaged("it is too short");
  if (!bytes.starts_with(magic)) return damaged("it does not begin as such a file");
  ByteReader tail(bytes.substr(bytes.size() - 4));
  std::string_view summed = bytes.substr(0, bytes.size() - 4);
  if (tail.u32() != crc32c_of_block(name, 0, summed)) return damaged("its checksum is wrong");
  ByteReader version(bytes.substr(magic.size(), 4));
  uint32_t format = version.u32();
  if (format != checkpoint_format) {
    return Status(ExitCode::checkpoint_foreign,
                  fmt::format("'{}' has format {}; this program reads format {}", path, format, checkpoint_format));
  }
  return summed.substr(magic.size() + 4);
}

void write_record(ByteWriter& out, const JobRecord& record) {
  out.text(record.job_id);
  out.text(record.suffix);
  out.varint(record.attempt);
  out.varint(record.first_epoch);
  out.u32(record.group_count);
  out.text(record.program);
}

JobRecord read_record(ByteReader& in) {
  JobRecord record;
  record.job_id = in.text();
  record.suffix = in.text();
  record.attempt = in.varint();
  record.first_epoch = in.varint();
  record.group_count = in.u32();
  record.program = in.text();
  bool is_suffix_plain = record.suffix.empty() || is_plain_name(record.suffix);
  if (record.job_id.empty() || record.group_count == 0 || !is_suffix_plain) in.fail();
  return record;
}

void write_connectors(ByteWriter& out, const std::vector<ManifestConnector>& connectors) {
  out.varint(connectors.size());
  for (const ManifestConnector& connector : connectors) {
    out.text(connector.name);
    out.varint(connector.items.size());
    for (const std::string& item : connector.items) out.text(item);
  }
}

std::vector<ManifestConnector> read_connectors(ByteReader& in) {
  std::vector<ManifestConnector> connectors(in.count(2));
  for (ManifestConnector& connector : connectors) {
    connector.name = in.text();
    connector.items.resize(in.count(1));
    for (std::string& item : connector.items) item = in.text();
  }
  return connectors;
}

void write_chains(ByteWriter& out, const std::vector<ManifestChain>& chains) {
  out.varint(chains.size());
  for (const ManifestChain& chain : chains) {
    out.text(chain.uid);
    out.u32(chain.parallelism);
    out.varint(chain.files.size());
    for (const TaskFile& file : chain.files) {
      out.varint(file.index);
      out.text(file.name);
      out.varint(file.length);
      out.u32(file.crc);
    }
  }
}

std::vector<ManifestChain> read_chains(ByteReader& in) {
  std::vector<ManifestChain> chains(in.count(6));
  for (ManifestChain& chain : chains) {
    chain.uid = in.text();
    chain.parallelism = in.u32();
    chain.files.resize(in.count(7));
    for (TaskFile& file : chain.files) {
      file.index = static_cast<uint32_t>(in.varint());
      file.name = in.text();
      file.length = in.varint();
      file.crc = in.u32();
      if (!is_plain_name(file.name)) in.fail();
    }
  }
  return chains;
}

const ManifestConnector* find(const std::vector<ManifestConnector>& connectors, std::string_view name) {
  for (const ManifestConnector& connector : connectors) {
    if (connector.name == name) return &connector;
  }
  return nullptr;
}

}  // namespace

std::string JobRecord::encode() const {
  ByteWriter out;
  write_record(out, *this);
  return seal(record_magic, "job", out.view());
}

Result<JobRecord> JobRecord::decode(std::string_view bytes, std::string_view path) {
  FLOW_TRY_ASSIGN(std::string_view body, unseal(bytes, record_magic, "job", path));
  ByteReader in(body);
  JobRecord record = read_record(in);
  FLOW_TRY(in.finish(fmt::format("'{}'", path)));
  return record;
}

std::string Manifest::encode() const {
  ByteWriter out;
  write_record(out, job);
  out.varint(epoch);
  out.varint(committed_epoch);
  out.u64(program_fingerprint);
  out.u32(parallelism);
  out.u8(is_finished ? 1 : 0);
  out.varint(states.size());
  for (const ManifestState& state : states) {
    out.text(state.name);
    out.u64(state.fingerprint);
  }
  write_chains(out, chains);
  write_connectors(out, sources);
  write_connectors(out, sinks);
  return seal(manifest_magic, epoch_folder(epoch) + "/manifest", out.view());
}

Result<Manifest> Manifest::decode(std::string_view bytes, uint64_t epoch, std::string_view path) {
  FLOW_TRY_ASSIGN(std::string_view body, unseal(bytes, manifest_magic, epoch_folder(epoch) + "/manifest", path));
  ByteReader in(body);
  Manifest manifest;
  manifest.job = read_record(in);
  manifest.epoch = in.varint();
  manifest.committed_epoch = in.varint();
  manifest.program_fingerprint = in.u64();
  manifest.parallelism = in.u32();
  uint8_t is_finished = in.u8();
  manifest.is_finished = is_finished == 1;
  manifest.states.resize(in.count(9));
  for (ManifestState& state : manifest.states) {
    state.name = in.text();
    state.fingerprint = in.u64();
  }
  manifest.chains = read_chains(in);
  manifest.sources = read_connectors(in);
  manifest.sinks = read_connectors(in);
  if (manifest.epoch != epoch || is_finished > 1) in.fail();
  FLOW_TRY(in.finish(fmt::format("'{}'", path)));
  return manifest;
}

const ManifestConnector* Manifest::find_source(std::string_view name) const { return find(sources, name); }
const ManifestConnector* Manifest::find_sink(std::string_view name) const { return find(sinks, name); }

std::string epoch_folder(uint64_t epoch) { return fmt::format("{}{}", epoch_prefix, epoch); }

bool parse_epoch_folder(std::string_view name, uint64_t* epoch) {
  if (!name.starts_with(epoch_prefix)) return false;
  std::optional<uint64_t> number = parse_u64(name.substr(epoch_prefix.size()));
  if (!number || epoch_folder(*number) != name) return false;
  *epoch = *number;
  return true;
}

}  // namespace flow::runtime
