/** Domains, projects, users and groups. Later chapters use what is created here; `farewell` deletes it. */
import { does, lacks, lists, refuses, type Step, shows } from '../step.ts';

export const domains: readonly Step[] = [
  shows(
    'domain create --description tidal tide',
    { name: 'tide', enabled: true, description: 'tidal' },
    { keep: 'tide' },
  ),
  refuses('domain create tide', /409/),
  shows('domain create --or-show tide', { id: '{tide}' }),
  shows('domain show tide', { id: '{tide}', description: 'tidal' }),
  refuses('domain show nowhere', /nowhere/),
  lists('domain list --name tide', { id: '{tide}', name: 'tide', enabled: true, description: 'tidal' }),
  does('domain set --description low tide'),
  lists('domain list', { name: 'tide', description: 'low' }),
  refuses('domain list', /401/, { as: 'outsider' }),
  refuses('domain set --description low nowhere', /nowhere/),
  refuses('domain delete tide', /403/),
];

export const projects: readonly Step[] = [
  shows(
    'project create --domain tide --description boats --property berth=7 --tag wet fleet',
    {
      name: 'fleet',
      domain_id: '{tide}',
      enabled: true,
      is_domain: false,
      parent_id: '{tide}',
      tags: ['wet'],
      berth: '7',
    },
    { keep: 'fleet' },
  ),
  refuses('project create --domain tide fleet', /409/),
  shows('project create --domain tide --or-show fleet', { id: '{fleet}' }),
  shows('project create --domain tide --parent fleet dinghy', { parent_id: '{fleet}' }, { keep: 'dinghy' }),
  shows('project show --domain tide --children fleet', { subtree: { '{dinghy}': null } }, { only: 'debian' }),
  shows('project show --domain tide fleet', { id: '{fleet}', description: 'boats' }),
  refuses('project show --domain tide nothing', /nothing/),
  lists('project list --domain tide', { id: '{fleet}', name: 'fleet' }),
  lists('project list --long --parent {fleet}', { name: 'dinghy', domain_id: '{tide}', enabled: true }),
  lists('project list --tags wet', { name: 'fleet' }),
  lacks('project list --not-tags wet', { name: 'fleet' }),
  refuses('project list', /401/, { as: 'outsider' }),
  does('project set --domain tide --description ships --tag dry --property berth=8 fleet'),
  does('project set --domain tide --remove-tag wet fleet'),
  shows('project show {fleet}', { description: 'ships', tags: ['dry'], berth: '8' }),
  does('project set --clear-tags {fleet}'),
  refuses('project set --name dinghy {fleet}', /409/),
  refuses('project delete {fleet}', /subtree|403/),
  does('project delete --domain tide dinghy'),
];

export const users: readonly Step[] = [
  shows(
    'user create --domain tide --project fleet --project-domain tide --email ann@tide --description captain --password ann-password ann',
    {
      name: 'ann',
      domain_id: '{tide}',
      default_project_id: '{fleet}',
      email: 'ann@tide',
      enabled: true,
      description: 'captain',
      password_expires_at: null,
    },
    { keep: 'ann' },
  ),
  refuses('user create --domain tide --password other ann', /409/),
  shows('user create --domain tide --or-show ann', { id: '{ann}' }),
  shows(
    'user create --domain tide --ignore-lockout-failure-attempts --multi-factor-auth-rule password,totp --password bob-password bob',
    { options: { ignore_lockout_failure_attempts: true, multi_factor_auth_rules: [['password', 'totp']] } },
    { keep: 'bob' },
  ),
  shows('user show --domain tide ann', { id: '{ann}', email: 'ann@tide' }),
  refuses('user show --domain tide nobody', /nobody/),
  lists('user list --domain tide --long', { id: '{ann}', name: 'ann', email: 'ann@tide', enabled: true }),
  refuses('user list --domain nowhere', /nowhere/),
  does('user set --domain tide --email bob@tide --disable bob'),
  shows('user show {bob}', { email: 'bob@tide', enabled: false }),
  does('user set --enable {bob}'),
  refuses('user set --name ann {bob}', /409/),
];

export const groups: readonly Step[] = [
  shows(
    'group create --domain tide --description hands crew',
    { name: 'crew', domain_id: '{tide}', description: 'hands' },
    { keep: 'crew' },
  ),
  refuses('group create --domain tide crew', /409/),
  shows('group create --domain tide --or-show crew', { id: '{crew}' }, { only: 'debian' }),
  shows('group show --domain tide crew', { id: '{crew}' }),
  refuses('group show --domain tide nobody', /nobody/),
  lists('group list --domain tide --long', { id: '{crew}', name: 'crew', description: 'hands' }),
  refuses('group list', /401/, { as: 'outsider' }),
  shows('group create --domain tide passengers', { name: 'passengers' }, { keep: 'passengers' }),
  refuses('group set --name crew {passengers}', /409/),
  does('group delete {passengers}'),
  does('group set --domain tide --description sailors crew'),
  shows('group show {crew}', { description: 'sailors' }),
  does('group add user --group-domain tide --user-domain tide crew ann bob'),
  refuses('group add user {crew} nobody', /nobody/),
  lists('user list --group {crew}', { name: 'bob' }),
  lists('group list --user {bob}', { name: 'crew' }),
  does('group contains user --user-domain tide {crew} ann', {}, /ann in group/),
  does('group remove user {crew} {bob}'),
  refuses('group remove user {crew} nobody', /nobody/),
  does('group contains user {crew} {bob}', {}, /not in group/),
  refuses('group contains user {crew} {bob}', /401/, { as: 'outsider' }),
];

/** Purges the resources of a project in every service; here it has none. */
export const tidying: readonly Step[] = [
  shows('project create puddle', { name: 'puddle' }, { keep: 'puddle' }),
  does('role add --project {puddle} --user admin --user-domain default admin'),
  does('project cleanup --dry-run --project puddle'),
  refuses('project cleanup --dry-run --project nothing', /nothing/),
  does('project purge --project puddle', { only: 'debian' }, /Deleting project: \w{32}/),
  refuses('project purge --project puddle', /puddle/, { only: 'debian' }),
  does('project delete puddle', { only: 'pip' }),
  lists('versions show --service identity', { service_type: 'identity', version: '3.14', status: 'CURRENT' }),
  refuses('versions show', /401/, { as: 'outsider' }),
];

export const farewell: readonly Step[] = [
  does('group delete --domain tide crew'),
  refuses('group delete {crew}', /group/),
  does('user delete --domain tide ann bob'),
  refuses('user delete {ann}', /user/),
  does('project delete --domain tide fleet'),
  refuses('project delete {fleet}', /project/),
  does('domain set --disable tide'),
  does('domain delete tide'),
  refuses('domain show {tide}', /domain/i),
];
