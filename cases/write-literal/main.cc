// Settings are normalised in place. Values read from the file live on the heap, but a default is a
// string literal that lost its const on the way through an old C interface.
#include <cctype>
#include <cstring>
#include <string>
#include <vector>

#include "../patient.h"

struct Setting {
  std::string key;
  char* value;
};

class Settings {
 public:
  void set(const std::string& key, const std::string& value) {
    settings_.push_back({key, strdup(value.c_str())});
  }
  void set_default(const std::string& key, const char* value) {
    settings_.push_back({key, const_cast<char*>(value)});
  }

  NOINLINE std::size_t normalise() {
    std::size_t letters = 0;
    for (Setting& setting : settings_) letters += lower(setting.value);
    return letters;
  }

 private:
  NOINLINE std::size_t lower(char* text) {
    std::size_t length = 0;
    for (; text[length] != 0; ++length) {
      text[length] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[length])));
    }
    return length;
  }

  std::vector<Setting> settings_;
};

int main() {
  Settings settings;
  settings.set("region", "EUROPE");
  settings.set("motd", "Welcome, Hero!");
  settings.set_default("ladder", "SEASON-4");
  std::printf("%zu letters\n", settings.normalise());
}
