#include "runtime/connectors/file_source.h"

#include "runtime/connectors/file_reader.h"
#include "runtime/connectors/find_files.h"

namespace flow::runtime {
namespace {

class FileSource final : public SourceConnector {
public:
  explicit FileSource(std::string path) : path_(std::move(path)) {}

  Result<std::vector<SplitSpec>> enumerate(Env& env) override {
    FLOW_TRY_ASSIGN(std::vector<std::string> files, find_files(env, path_));
    std::vector<SplitSpec> specs;
    auto count = static_cast<uint32_t>(files.size());
    for (uint32_t i = 0; i < count; ++i) specs.push_back({std::move(files[i]), i, count});
    return specs;
  }

  Result<std::unique_ptr<SplitReader>> open(Env& env, const SplitSpec& spec, int64_t cursor,
                                            const SplitFingerprint* expected) override {
    return open_file_reader(env, spec.id, cursor, expected);
  }

  bool is_bounded() const override { return true; }

private:
  std::string path_;
};

} // namespace

Result<std::unique_ptr<SourceConnector>> make_file_source(const Options& options) {
  return std::unique_ptr<SourceConnector>(new FileSource(std::string(options.text("path", ""))));
}

} // namespace flow::runtime
