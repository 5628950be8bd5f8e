/** The settings of identity. */
import { apiSettings } from '#shared/config/cloud.ts';
import { flag, list, number, oneOf, text } from '#shared/config/settings.ts';

export const section = {
  ...apiSettings,
  listen: text('5000', 'port, or address:port, of the API'),
  database: text('', 'URL of its database; empty: as set in section cloud'),
  tokenSeconds: number(3600, 'lifetime of a token'),
  allowExpiredSeconds: number(172_800, 'time after expiry in which a token may be validated with allow_expired'),
  // Equal to 19 MiB and 2 passes in the OWASP recommendation; 7 MiB stay in the CPU caches of a small host, for 20% less CPU.
  argonKib: number(7_168, 'memory of one password hash, in KiB (argon2id)'),
  argonPasses: number(5, 'passes over that memory (argon2id time cost)'),
  hashesAtOnce: number(
    2,
    'passwords hashed concurrently; up to 16 times as many are queued, further logins are answered 503',
  ),
  allowRescope: flag(true, 'allow exchanging a scoped token for one of another scope'),
  listLimit: number(0, 'maximum length of a list of users, groups, projects or credentials; 0: no limit'),
  limitModel: oneOf(['flat', 'strict_two_level'], 'flat', 'enforcement model of limits in a project hierarchy'),
  passwordRegex: text('', 'regular expression that every new password must match; empty: no check'),
  passwordRegexDescription: text('', 'description of passwordRegex for error messages'),
  passwordExpiresDays: number(0, 'days after which a password expires; 0: never'),
  passwordMinimumAgeDays: number(0, 'days before a user may change a new password again'),
  passwordsRemembered: number(0, 'number of last passwords, the current one included, that may not be reused'),
  changeUponFirstUse: flag(false, 'require a password set by an administrator to be changed at first use'),
  disableAfterIdleDays: number(0, 'days without a login after which a user is disabled; 0: never'),
  federationSecret: text(
    '',
    'secret that a trusted web server sends in X-Federation-Secret with the attributes of a user; empty: none is trusted',
  ),
  federationAttributes: list([], 'attributes that such a server asserts, each in a header: MAIL in X-Assertion-Mail'),
  remoteIdAttribute: text(
    '',
    'attribute that holds the remote id of the identity provider; empty: only the path names the provider',
  ),
  trustedDashboards: list([], 'origins that web single sign-on may post a token to: https://a.example/auth/websso/'),
  oauthRequestSeconds: number(28_800, 'lifetime of an OAuth request token; 0: unlimited'),
  oauthAccessSeconds: number(86_400, 'lifetime of an OAuth access token; 0: unlimited'),
  auditFile: text('', 'file to which CADF events are also written, one per line; empty: none'),
  lockoutTries: number(0, 'consecutive wrong passwords after which a user is locked; 0: never'),
  lockoutSeconds: number(1800, 'duration of that lock'),
};
