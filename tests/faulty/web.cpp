// Commands that do with the network and with secrets what their arguments say.
#include <bulkhead/sdk/command.hpp>
#include <bulkhead/sdk/http.hpp>
#include <bulkhead/sdk/secrets.hpp>

#include <cstdlib>

namespace {

using bulkhead::sdk::HttpRequest;
using bulkhead::sdk::HttpResponse;

// "name=value" of the arguments, where they have it.
std::string value_of(const std::vector<std::string_view>& arguments, const std::string& name) {
  for (const std::string_view argument : arguments) {
    if (argument.starts_with(name + "=")) return std::string(argument.substr(name.size() + 1));
  }
  return {};
}

class Web final : public bulkhead::Command {
 public:
  static constexpr const char* kServicesRequired[] = {BH_HTTP_1, BH_SECRETS_1, nullptr};

  explicit Web(const Open& open) : http_(open.services), secrets_(open.services) {}

  std::vector<CommandFacts> list() const override {
    return {{"ask", "Sends its input", "ask METHOD URL [secret=NAME] [redirects=N] [max_body=N]"},
            {"hoard", "Leaves answers open", "hoard URL TIMES"},
            {"die", "Dies with an answer open", "die URL"},
            {"sign", "Signs", "sign SECRET PREFIX MESSAGE..."},
            {"has", "Looks for a secret", "has SECRET"}};
  }

  CommandResult run(const Call& call, const CommandRequest& request) const override {
    std::vector<std::string_view> arguments(request.arguments.begin(), request.arguments.end());
    CommandResult result;
    if (request.name == "ask") {
      HttpRequest asked;
      asked.method = arguments.at(0);
      asked.url = arguments.at(1);
      asked.headers = {{"X-Test", "1"}};
      asked.body = request.input;
      asked.redirects =
          static_cast<std::uint32_t>(std::atoi(value_of(arguments, "redirects").c_str()));
      asked.max_body =
          static_cast<std::uint64_t>(std::atoll(value_of(arguments, "max_body").c_str()));
      asked.secret.name = value_of(arguments, "secret");
      if (!asked.secret.name.empty()) {
        asked.secret.header = "Authorization";
        asked.secret.prefix = "Bearer ";
      }
      HttpResponse answer = http_.request(call, asked);
      result.exit_code = static_cast<std::int32_t>(answer.status());
      result.errors = answer.url() + " " + std::string(answer.header("x-name"));
      result.output = answer.read_all(call, std::uint64_t{1} << 30);
    } else if (request.name == "hoard") {
      HttpRequest asked;
      asked.url = arguments.at(0);
      for (int i = 0; i < std::atoi(std::string(arguments.at(1)).c_str()); ++i) {
        http_.request(call, asked);
      }
    } else if (request.name == "die") {
      HttpRequest asked;
      asked.url = arguments.at(0);
      http_.request(call, asked);
      std::abort();
    } else if (request.name == "sign") {
      const auto message = [&](std::size_t i) {
        return arguments.size() > i ? arguments[i] : std::string_view();
      };
      const auto signature =
          arguments.size() > 3
              ? secrets_.sign(call, arguments.at(0), {message(2), message(3)}, arguments.at(1))
              : secrets_.sign(call, arguments.at(0), {message(2)}, arguments.at(1));
      for (const std::uint8_t byte : signature) {
        result.output += "0123456789abcdef"[byte >> 4];
        result.output += "0123456789abcdef"[byte & 15];
      }
    } else if (request.name == "has") {
      result.exit_code = secrets_.has(call, arguments.at(0)) ? 1 : 0;
    } else {
      throw PluginError(BH_NOT_FOUND, "no such command");
    }
    return result;
  }

 private:
  bulkhead::sdk::Http http_;
  bulkhead::sdk::Secrets secrets_;
};

}  // namespace

BULKHEAD_PLUGIN(Web, FAULTY_ID, FAULTY_VERSION);
