#include "process/spawn.h"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <csignal>
#include <system_error>

namespace berth::process {
namespace {

void require(int error, const char* what) {
  if (error != 0) throw std::system_error(error, std::generic_category(), what);
}

struct FileActions {
  posix_spawn_file_actions_t value;
  FileActions() { require(posix_spawn_file_actions_init(&value), "posix_spawn"); }
  ~FileActions() { posix_spawn_file_actions_destroy(&value); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
};

struct Attributes {
  posix_spawnattr_t value;
  Attributes() { require(posix_spawnattr_init(&value), "posix_spawn"); }
  ~Attributes() { posix_spawnattr_destroy(&value); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

pid_t spawn(Command command, int answer, int errors) {
  std::vector<std::string> environment;
  for (const auto& [name, value] : command.environment) environment.push_back(name + '=' + value);
  FileActions files;
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    require(posix_spawn_file_actions_addopen(&files.value, standard, "/dev/null", O_RDWR, 0), "posix_spawn");
  if (errors >= 0) require(posix_spawn_file_actions_adddup2(&files.value, errors, STDERR_FILENO), "posix_spawn");
  // As the last one, since any of the others may be number 3.
  require(posix_spawn_file_actions_adddup2(&files.value, answer, 3), "posix_spawn");
  require(posix_spawn_file_actions_addclosefrom_np(&files.value, 4), "posix_spawn");
  Attributes attributes;
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes.value, &none);
  posix_spawnattr_setsigdefault(&attributes.value, &all);
  posix_spawnattr_setpgroup(&attributes.value, 0);
  posix_spawnattr_setflags(&attributes.value, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  auto& arguments = command.arguments;
  pid_t pid = -1;
  require(posix_spawn(&pid, arguments.at(0).c_str(), &files.value, &attributes.value, pointers(arguments).data(),
                      pointers(environment).data()),
          arguments[0].c_str());
  return pid;
}

}  // namespace berth::process
