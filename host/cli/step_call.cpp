#include "step_call.hpp"

#include <sys/stat.h>

#include <cerrno>

#include "failure.hpp"
#include "files.hpp"

namespace bulkhead::cli {
namespace {

// Tells a file from the one that replaced it: a file that a plugin wrote is always a new one.
struct FileIdentity {
  dev_t device = 0;
  ino_t number = 0;
  bool operator==(const FileIdentity&) const = default;
};

std::optional<FileIdentity> identity(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return std::nullopt;
  return FileIdentity{facts.st_dev, facts.st_ino};
}

DataRecord recorded(const LentFile& file, const Interrupts& interrupts) {
  const FileHash hash = hash_file(file.source.path, interrupts);
  return {file.source.path, "", hash.sha256, hash.bytes, file.name};
}

// Files lent to an instance for as long as this lives.
class Loan {
 public:
  Loan(Instance instance, const std::vector<LentFile>& files)
      : instance_(std::move(instance)), files_(files) {
    for (const LentFile& file : files_)
      instance_.grant_file(file.name, file.source.path, file.access);
  }
  ~Loan() {
    for (const LentFile& file : files_) instance_.revoke_file(file.name);
  }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;

 private:
  Instance instance_;
  const std::vector<LentFile>& files_;
};

std::string call_codec(const Step& step, const CodecClient& codec, const std::string& input,
                       const std::string& name, const CallOptions& options) {
  if (step.method == "decode") return codec.decode(parse_ids(input, step.format, name), options);
  if (step.method == "count")
    return std::to_string(codec.count(input, step.encode, options)) + "\n";
  std::string bytes;
  const Sink sink = [&bytes](std::string_view piece) { bytes += piece; };
  if (step.method == "encode")
    write_ids(sink, codec.encode(input, step.encode, options), step.format);
  else
    write_pieces(sink, codec.tokenize(input, step.encode, options), step.format);
  return bytes;
}

}  // namespace

StepCalls::StepCalls(Session& session, const Pipeline& pipeline, std::optional<Isolation> isolation,
                     bool develop)
    : session_(session),
      isolation_(isolation),
      develop_(develop),
      host_(session.open_host()),
      instances_(pipeline.instances.size()) {}

std::string StepCalls::make(const Step& step, StepRecord& record, const std::string* input,
                            const std::string& input_name,
                            const std::optional<std::string>& params) {
  Plugin plugin = load(step);
  record.version = plugin.info().version;
  record.package_hash = plugin.package_hash();
  record.isolation = plugin.isolation();
  record.level = plugin.level();
  Instance instance = open(step, plugin);

  std::vector<std::optional<FileIdentity>> before;
  for (const LentFile& file : step.lent) {
    before.push_back(identity(file.source.path));
    if (file.access == FileAccess::read)
      record.inputs.push_back(recorded(file, session_.interrupts));
  }
  std::string result;
  {
    const auto loan = attempt(session_, Doing::configuring,
                              [&] { return std::make_unique<Loan>(instance, step.lent); });
    result = call(step, plugin, instance, input, input_name, params);
  }
  for (std::size_t i = 0; i < step.lent.size(); ++i) {
    const LentFile& file = step.lent[i];
    if (file.access != FileAccess::write) continue;
    const auto now = identity(file.source.path);
    if (!now || now == before[i])
      throw Failure(Exit::failed, "not_found",
                    plugin.info().id + ": " + step.method + " did not write the file lent as \"" +
                        file.name + "\" (\"" + file.source.path + "\").");
    record.written.push_back(recorded(file, session_.interrupts));
  }
  return result;
}

void StepCalls::close(std::size_t instance) {
  std::optional<Instance> last;  // goes outside of the lock: the plugin takes its time
  const std::lock_guard lock(opening_);
  last.swap(instances_[instance]);
}

Plugin StepCalls::load(const Step& step) {
  const std::lock_guard lock(loading_);
  const std::optional<Isolation> isolation = isolation_ ? isolation_ : step.isolation;
  const auto key = std::tuple(step.plugin, step.range, isolation);
  if (const auto known = plugins_.find(key); known != plugins_.end()) return known->second;
  LoadOptions options;
  options.version = step.range;
  options.isolation = isolation;
  options.development = develop_;
  Plugin plugin =
      attempt(session_, Doing::loading, [&] { return host_.load(step.plugin, options); });
  return plugins_.emplace(key, plugin).first->second;
}

Instance StepCalls::open(const Step& step, Plugin& plugin) {
  const auto make = [&] {
    OpenOptions options;  // a plugin may read its files as it is opened
    for (const LentFile& file : step.lent)
      options.files[file.name] = {file.source.path, file.access};
    return attempt(session_, Doing::configuring, [&] { return plugin.open(step.config, options); });
  };
  if (!step.instance) return make();
  {
    const std::lock_guard lock(opening_);
    if (const auto& known = instances_[*step.instance]) return *known;
  }
  Instance instance = make();  // by its first step: the others wait for that one
  const std::lock_guard lock(opening_);
  instances_[*step.instance] = instance;
  return instance;
}

std::string StepCalls::call(const Step& step, Plugin& plugin, Instance& instance,
                            const std::string* input, const std::string& input_name,
                            const std::optional<std::string>& params) {
  const auto task = session_.progress.start(step.name, input ? input->size() : 0);
  CallOptions options;
  options.timeout = step.timeout;
  options.cancel = &session_.interrupts.cancel();
  options.progress = [&task](std::uint64_t done, std::uint64_t total) {
    task->update(done, total);
  };
  return attempt(session_, Doing::calling, [&] {
    if (step.codec_method())
      return call_codec(step, CodecClient(instance), *input, input_name, options);
    const std::string interface =
        step.interface.empty() ? only_interface(plugin.info()) : step.interface;
    const std::string_view given = params  ? std::string_view(*params)
                                   : input ? std::string_view(*input)
                                           : std::string_view("{}");
    return instance.call_json(interface, step.method, given, options) + "\n";
  });
}

}  // namespace bulkhead::cli
