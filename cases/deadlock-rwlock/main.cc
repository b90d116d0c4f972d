// A reload of the configuration holds the rwlock for writing and wants to log, which needs the
// log's mutex; the logger holds its mutex and reads the configuration for the log level. POSIX
// calls throughout.
#include <map>
#include <pthread.h>
#include <string>
#include <vector>

#include "../patient.h"

class Server {
 public:
  Server() { pthread_barrier_init(&start_, nullptr, 3); }

  NOINLINE void reload() {
    pthread_rwlock_wrlock(&config_lock_);
    config_["log"] = "debug";
    wait_for_start();
    append("configuration reloaded");
    pthread_rwlock_unlock(&config_lock_);
  }

  NOINLINE void rotate_log() {
    pthread_mutex_lock(&log_lock_);
    log_.clear();
    wait_for_start();
    if (level() == "debug") log_.push_back("log rotated");
    pthread_mutex_unlock(&log_lock_);
  }

  void wait_for_start() { pthread_barrier_wait(&start_); }

 private:
  NOINLINE void append(const std::string& line) {
    pthread_mutex_lock(&log_lock_);
    log_.push_back(line);
    pthread_mutex_unlock(&log_lock_);
  }

  NOINLINE std::string level() {
    pthread_rwlock_rdlock(&config_lock_);
    std::string level = config_["log"];
    pthread_rwlock_unlock(&config_lock_);
    return level;
  }

  pthread_rwlock_t config_lock_ = PTHREAD_RWLOCK_INITIALIZER;
  pthread_mutex_t log_lock_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_barrier_t start_;
  std::map<std::string, std::string> config_;
  std::vector<std::string> log_;
};

void* run_reload(void* server) {
  name_this_thread("reload");
  static_cast<Server*>(server)->reload();
  return nullptr;
}

void* run_rotation(void* server) {
  name_this_thread("log-rotation");
  static_cast<Server*>(server)->rotate_log();
  return nullptr;
}

int main() {
  Server server;
  pthread_t threads[2];
  pthread_create(&threads[0], nullptr, run_reload, &server);
  pthread_create(&threads[1], nullptr, run_rotation, &server);
  server.wait_for_start();
  announce_ready();
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
}
