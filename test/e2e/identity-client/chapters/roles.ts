/** Roles, implied roles and assignments. Ann becomes a member of the fleet. */
import { does, lacks, lists, refuses, type Step, shows } from '../step.ts';

export const roles: readonly Step[] = [
  shows(
    'role create --description steers helmsman',
    { name: 'helmsman', domain_id: null, description: 'steers' },
    { keep: 'helmsman' },
  ),
  refuses('role create helmsman', /409/),
  shows('role create --or-show helmsman', { id: '{helmsman}' }),
  shows('role create --domain tide cook', { name: 'cook', domain_id: '{tide}' }, { keep: 'cook' }),
  shows('role show admin', { name: 'admin' }, { keep: 'admin' }),
  shows('role show member', { name: 'member' }, { keep: 'member' }),
  shows('role show helmsman', { id: '{helmsman}', description: 'steers' }),
  refuses('role show admiral', /admiral/),
  lists('role list', { id: '{helmsman}', name: 'helmsman' }),
  lists('role list --domain tide', { name: 'cook', domain: 'tide' }),
  refuses('role list --domain nowhere', /nowhere/),
  does('role set --description turns --immutable helmsman'),
  shows('role show {helmsman}', { description: 'turns' }),
  refuses('role set --name admin {helmsman}', /403/),
  refuses('role delete helmsman', /403|immutable/),
  does('role set --no-immutable helmsman'),
  refuses('role set --name admin helmsman', /409/),
];

export const impliedRoles: readonly Step[] = [
  shows('implied role create --implied-role reader helmsman', { implies: /reader|\w{32}/, prior_role: '{helmsman}' }),
  refuses('implied role create --implied-role admiral helmsman', /404/),
  lists('implied role list', { prior_role_name: 'helmsman', implied_role_name: 'reader' }),
  refuses('implied role list', /401/, { as: 'outsider' }),
  does('implied role delete --implied-role reader helmsman'),
  refuses('implied role delete --implied-role reader helmsman', /404|not imply/),
];

export const assignments: readonly Step[] = [
  does('role add --project fleet --project-domain tide --user ann --user-domain tide member'),
  does('role add --project {fleet} --user {ann} helmsman'),
  does('role add --project {fleet} --group crew --group-domain tide reader'),
  does('role add --domain tide --user {ann} reader'),
  does('role add --domain tide --user {ann} --inherited reader'),
  does('role add --system all --user {bob} reader'),
  refuses('role add --project {fleet} --user {ann} admin', /401/, { as: 'outsider' }),
  lists('role assignment list --user {ann} --project {fleet} --names', {
    role: 'helmsman',
    user: 'ann@tide',
    project: 'fleet@tide',
    inherited: false,
  }),
  lists('role assignment list --user {ann} --inherited', { domain: '{tide}', inherited: true }),
  lists('role assignment list --group {crew}', { group: '{crew}', project: '{fleet}' }),
  lists('role assignment list --system all --user {bob}', { system: 'all', user: '{bob}' }),
  lists('role assignment list --user {ann} --effective --project {fleet}', {
    user: '{ann}',
    group: '',
    project: '{fleet}',
  }),
  lists('role assignment list --auth-user --auth-project --names', { role: 'admin', user: 'admin@Default' }),
  refuses('role assignment list', /403/, { as: 'ann' }),
  does('role remove --domain tide --user {ann} --inherited reader'),
  does('role remove --system all --user {bob} reader'),
  lacks('role assignment list --system all', { user: '{bob}' }),
  refuses('role remove --project {fleet} --user {ann} member', /401/, { as: 'outsider' }),
];

export const rolesLeave: readonly Step[] = [
  does('role delete helmsman'),
  does('role delete --domain tide cook'),
  refuses('role delete {cook}', /role/),
];
