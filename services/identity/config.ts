/** The settings of identity. */
import { apiSettings } from '#shared/config/cloud.ts';
import { flag, list, number, oneOf, text } from '#shared/config/settings.ts';

export const section = {
  ...apiSettings,
  listen: text('5000', 'where the API answers'),
  database: text('', "its own database; empty: the cloud's"),
  tokenSeconds: number(3600, 'how long a token lives'),
  allowExpiredSeconds: number(172_800, 'how long after its end a token may still be looked at with allow_expired'),
  // One of OWASP's equals (19 MiB and 2 passes is another): 7 MiB stay in the caches of a small box, for a fifth less CPU.
  argonKib: number(7_168, 'memory of one password hash, in KiB (argon2id)'),
  argonPasses: number(5, 'passes over that memory'),
  hashesAtOnce: number(2, 'passwords hashed side by side; 16 times as many wait, more are told to come later'),
  allowRescope: flag(true, 'whether a token with a scope may be exchanged for one of another scope'),
  listLimit: number(0, 'the most that a list of users, groups, projects or credentials tells; 0: all'),
  limitModel: oneOf(['flat', 'strict_two_level'], 'flat', 'how limits of projects bind each other'),
  policyFile: text('', 'rules that replace the defaults: YAML, rule name to check'),
  enforceScope: flag(true, 'whether a rule is refused to tokens of a scope that it is not made for'),
  passwordRegex: text('', 'what every new password must match; empty: anything'),
  passwordRegexDescription: text('', 'the same in words, for those whose password was refused'),
  passwordExpiresDays: number(0, 'how long a password may be used; 0: for ever'),
  passwordMinimumAgeDays: number(0, 'how long a user must keep a new password'),
  passwordsRemembered: number(0, 'so many last passwords may not be taken again, the present one among them'),
  changeUponFirstUse: flag(false, 'whether a password that an administrator set must be changed before use'),
  disableAfterIdleDays: number(0, 'days without a login after which a user is shut out; 0: never'),
  federationSecret: text(
    '',
    'what a trusted web server says in X-Federation-Secret before it says who somebody is; empty: none may',
  ),
  federationAttributes: list([], 'what such a server asserts, each in a header: MAIL comes as X-Assertion-Mail'),
  remoteIdAttribute: text('', 'the attribute that names the identity provider; empty: the path alone does'),
  trustedDashboards: list([], 'where web single sign-on may send a token: https://a.example/auth/websso/'),
  oauthRequestSeconds: number(28_800, 'how long a user may think about what an OAuth consumer asks for; 0: for ever'),
  oauthAccessSeconds: number(86_400, 'how long an OAuth consumer may use what it was given; 0: for ever'),
  auditFile: text('', 'where CADF events are also written, a line each; empty: nowhere'),
  lockoutTries: number(0, 'wrong passwords in a row that lock a user; 0: never'),
  lockoutSeconds: number(1800, 'how long such a user stays locked'),
};
