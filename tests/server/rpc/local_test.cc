#include "tests/server/rpc/world.h"

namespace trunkline::rpc {
namespace {

constexpr int kConfigLayers[] = {133, 140, 145, 152, 154, 176, 198, 229};

struct DcCase {
  std::int32_t exchange, this_dc;
  bool test;
};

class ConfigDc : public testing::TestWithParam<DcCase> {};

// A client that isn't told its own DC asks again without end.
TEST_P(ConfigDc, IsTheOneOfTheKeyExchange) {
  World world;
  book::KeyInfo info = world.Key(kUser);
  info.dc = GetParam().exchange;
  world.Know(info);
  const Parsed<api::AnyConfig> parsed(AnswerIn(world.Call(fn::help::GetConfig())));
  ASSERT_TRUE(parsed.ok());
  const auto& config = *parsed->As<api::Config>();
  EXPECT_EQ(config.this_dc, GetParam().this_dc);
  EXPECT_EQ(config.test_mode, GetParam().test);
  EXPECT_EQ(config.dc_options[0].As<api::DcOption>()->id, GetParam().this_dc);
  const Parsed<api::AnyNearestDc> nearest(AnswerIn(world.Call(fn::help::GetNearestDc())));
  ASSERT_TRUE(nearest.ok());
  EXPECT_EQ(nearest->As<api::NearestDc>()->this_dc, GetParam().this_dc);
}

INSTANTIATE_TEST_SUITE_P(Forms, ConfigDc,
                         testing::Values(DcCase{0, 2, false}, DcCase{4, 4, false},
                                         DcCase{-4, 4, false}, DcCase{10'003, 3, true},
                                         DcCase{-10'003, 3, true}, DcCase{10'000, 10'000, false},
                                         DcCase{INT32_MIN, 2'147'473'648, true}));

TEST(Config, AtEveryLayer) {
  for (const int layer : kConfigLayers) {
    World world;
    world.SignedIn(layer);
    const Bytes result = AnswerIn(world.Call(fn::help::GetConfig()));
    EXPECT_EQ(IdOf(result), layer < 145 ? 0x330b4067u : layer < 154 ? 0x232566acu : 0xcc1a241eu);
    // phonecalls_enabled:flags.1?true until layer 152.
    EXPECT_EQ(LoadLittle<std::uint32_t>(result.data() + 4) & 2, layer < 154 ? 2u : 0u);
    const Parsed<api::AnyConfig> parsed(result);
    ASSERT_TRUE(parsed.ok()) << layer;
    const auto& config = *parsed->As<api::Config>();
    EXPECT_EQ(config.date, UnixDate(world.now()));
    EXPECT_EQ(config.expires, config.date + 3600);
    EXPECT_EQ(config.call_receive_timeout_ms, 20'000);
    EXPECT_EQ(config.call_ring_timeout_ms, 90'000);
    EXPECT_EQ(config.call_connect_timeout_ms, 30'000);
    EXPECT_EQ(config.call_packet_timeout_ms, 10'000);
    ASSERT_EQ(config.dc_options.size(), 2u);
    const auto& v4 = *config.dc_options[0].As<api::DcOption>();
    EXPECT_TRUE(v4.static_() && !v4.ipv6());
    EXPECT_EQ(v4.ip_address, "192.0.2.1");
    EXPECT_EQ(v4.port, 443);
    EXPECT_TRUE(config.dc_options[1].As<api::DcOption>()->ipv6());
  }
}

TEST(AppConfig, BothForms) {
  World old;
  old.SignedIn(152);
  EXPECT_EQ(IdOf(AnswerIn(old.Call(fn::help::GetAppConfig(), 152))), api::JsonObject::kId);
  World world;
  world.SignedIn();
  fn::help::GetAppConfig get;
  const Parsed<api::help::AnyAppConfig> parsed(AnswerIn(world.Call(get)));
  ASSERT_TRUE(parsed.ok());
  get.hash = parsed->As<api::help::AppConfig>()->hash;
  EXPECT_EQ(IdOf(AnswerIn(world.Call(get))), api::help::AppConfigNotModified::kId);
}

TEST(DialogFilters, BothForms) {
  World old;
  old.SignedIn(133);
  EXPECT_EQ(AnswerIn(old.Call(fn::messages::GetDialogFilters(), 133)),
            Bytes({0x15, 0xc4, 0xb5, 0x1c, 0, 0, 0, 0}));
  World world;
  world.SignedIn();
  EXPECT_EQ(IdOf(AnswerIn(world.Call(fn::messages::GetDialogFilters()))),
            api::messages::DialogFilters::kId);
}

TEST(PeerSettings, BothForms) {
  api::InputPeerSelf self;
  fn::messages::GetPeerSettings get;
  get.peer = &self;
  World old;
  old.SignedIn(133);
  EXPECT_EQ(IdOf(AnswerIn(old.Call(get, 133))), 0x733f2961u);
  World world;
  world.SignedIn();
  EXPECT_EQ(IdOf(AnswerIn(world.Call(get))), api::messages::PeerSettings::kId);
}

TEST(Langpack, IsEmpty) {
  World world;
  world.Know(world.Key(UserId()));
  fn::langpack::GetDifference difference;
  difference.lang_code = "de";
  difference.from_version = 5;
  const Parsed<api::AnyLangPackDifference> parsed(AnswerIn(world.Call(difference)));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->As<api::LangPackDifference>()->lang_code, "de");
  EXPECT_EQ(parsed->As<api::LangPackDifference>()->version, 5);
  EXPECT_TRUE(parsed->As<api::LangPackDifference>()->strings.empty());
  const Bytes empty{0x15, 0xc4, 0xb5, 0x1c, 0, 0, 0, 0};
  EXPECT_EQ(AnswerIn(world.Call(fn::langpack::GetStrings())), empty);
  EXPECT_EQ(AnswerIn(world.Call(fn::langpack::GetLanguages())), empty);
  EXPECT_EQ(IdOf(AnswerIn(world.Call(fn::langpack::GetLangPack()))), api::LangPackDifference::kId);
  EXPECT_EQ(IdOf(AnswerIn(world.Call(fn::langpack::GetLanguage()))), api::LangPackLanguage::kId);
}

TEST(StartUp, OfficialClients) {
  World world;
  world.SignedIn();
  api::InputPeerEmpty nobody;
  fn::messages::GetDialogs dialogs;
  dialogs.offset_peer = &nobody;
  EXPECT_EQ(IdOf(AnswerIn(world.Call(dialogs))), 0x15ba6c40u);
  EXPECT_EQ(IdOf(AnswerIn(world.Call(fn::help::GetPromoData()))), 0x98f6ac75u);
  EXPECT_EQ(IdOf(AnswerIn(world.Call(fn::help::GetTermsOfServiceUpdate()))), 0xe3309f7fu);
  EXPECT_EQ(IdOf(AnswerIn(world.Call(fn::help::GetCountriesList()))), 0x87d0759eu);
  EXPECT_EQ(IdOf(AnswerIn(world.Call(fn::contacts::GetStatuses()))), 0x1cb5c415u);
  EXPECT_EQ(IdOf(AnswerIn(world.Call(fn::account::RegisterDevice()))), 0x997275b5u);
  EXPECT_EQ(IdOf(AnswerIn(world.Call(fn::account::UnregisterDevice()))), 0x997275b5u);
  EXPECT_EQ(ErrorIn(world.Call(fn::messages::GetPinnedDialogs())), "400 INPUT_METHOD_INVALID");
  EXPECT_EQ(ErrorIn(world.Call(fn::auth::ExportLoginToken())), "400 INPUT_METHOD_INVALID");
  EXPECT_EQ(ErrorIn(world.Call(fn::auth::ExportAuthorization())), "400 DC_ID_INVALID");
  EXPECT_EQ(ErrorIn(world.Call(fn::auth::ImportAuthorization())), "400 AUTH_BYTES_INVALID");
}

TEST(Usernames, NobodyHasOne) {
  World world;
  world.SignedIn();
  fn::contacts::ResolveUsername resolve;
  resolve.username = "durov_1";
  EXPECT_EQ(ErrorIn(world.Call(resolve)), "400 USERNAME_NOT_OCCUPIED");
  for (const std::string_view bad :
       {"", "1abc", "a b", "@x", "abcdefghijabcdefghijabcdefghijabc"}) {
    resolve.username = bad;
    EXPECT_EQ(ErrorIn(world.Call(resolve)), "400 USERNAME_INVALID") << bad;
  }
}

TEST(FileParts, AreBounded) {
  World world;
  world.SignedIn();
  fn::upload::SaveFilePart part;
  part.bytes = "log";
  EXPECT_EQ(IdOf(AnswerIn(world.Call(part))), 0x997275b5u);
  part.file_part = -1;
  EXPECT_EQ(ErrorIn(world.Call(part)), "400 FILE_PART_INVALID");
  part.file_part = 0;
  const std::string large(512 * 1024 + 1, 'x');
  part.bytes = large;
  EXPECT_EQ(ErrorIn(world.Call(part)), "400 FILE_PART_SIZE_INVALID");
  part.bytes = "";
  EXPECT_EQ(ErrorIn(world.Call(part)), "400 FILE_PART_SIZE_INVALID");
}

TEST(FileParts, HaveAQuota) {
  World world;
  world.SignedIn();
  fn::upload::SaveBigFilePart part;
  const std::string whole(512 * 1024, 'x');
  part.bytes = whole;
  for (int i = 0; i < 32; ++i) {
    part.file_part = i;
    ASSERT_EQ(IdOf(AnswerIn(world.Call(part))), 0x997275b5u) << i;
  }
  EXPECT_TRUE(ErrorIn(world.Call(part)).starts_with("420 FLOOD_WAIT_"));
}

}  // namespace
}  // namespace trunkline::rpc
