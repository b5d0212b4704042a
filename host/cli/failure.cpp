#include "failure.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>

namespace bulkhead::cli {
namespace {

Exit exit_of(Status status, Doing doing) {
  switch (status) {
    case Status::ok:
      return Exit::ok;
    case Status::not_found:
      return Exit::not_found;
    case Status::permission_denied:
      return Exit::denied;
    case Status::cancelled:
    case Status::deadline_exceeded:
    case Status::unresponsive:
      return Exit::deadline;
    case Status::plugin_crashed:
    case Status::protocol_error:
      return Exit::crashed;
    case Status::invalid_argument:
      if (doing == Doing::opening_host) return Exit::bad_input;
      return doing == Doing::calling ? Exit::failed : Exit::usage;
    case Status::data_invalid:
      return doing == Doing::calling || doing == Doing::configuring ? Exit::failed
                                                                    : Exit::bad_input;
    case Status::io_error:
      return doing == Doing::opening_host || doing == Doing::loading ? Exit::bad_input
                                                                     : Exit::failed;
    default:
      return Exit::failed;
  }
}

std::string reason(int error_number) { return std::generic_category().message(error_number); }

}  // namespace

Failure failure_of(const Error& error, Doing doing) {
  return {exit_of(error.status(), doing), status_name(error.status()), error.what()};
}

Failure usage_failure(const std::string& sentence) { return {Exit::usage, "usage", sentence}; }

Failure file_failure(const std::string& verb, const std::string& path, int error_number) {
  const std::string sentence = "could not " + verb + " " +
                               (path == kStandardInput ? path : "\"" + path + "\"") + ": " +
                               reason(error_number) + ".";
  if (error_number == ENOENT || error_number == ENOTDIR)
    return {Exit::not_found, "not_found", sentence};
  if (error_number == EACCES || error_number == EPERM)
    return {Exit::bad_input, "permission_denied", sentence};
  return {Exit::bad_input, "io_error", sentence};
}

Failure output_failure(const std::string& target, int error_number) {
  std::string sentence = "could not write " + target + ": " + reason(error_number) + ".";
  if (error_number == ENOSPC || error_number == EDQUOT)
    sentence += " Free some space and run the command again; nothing that was there is changed.";
  else if (error_number == EPIPE)
    sentence += " The program that read it has ended.";
  else if (error_number == EBADF)
    sentence += " It is closed.";
  return {Exit::output, "output", sentence};
}

}  // namespace bulkhead::cli
