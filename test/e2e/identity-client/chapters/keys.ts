/** Tokens, passwords, application credentials, trusts, EC2 keys, OAuth. */
import { does, lacks, lists, refuses, type Step, shows } from '../step.ts';

export const tokens: readonly Step[] = [
  shows(
    'token issue',
    { id: /^eyJ|^gAAA/, project_id: '{fleet}', user_id: '{ann}', expires: /^\d{4}-\d\d-\d\dT/ },
    { as: 'ann', keep: 'token' },
  ),
  shows('token issue', { system: 'all' }, { as: 'system' }),
  refuses('token issue', /401/, { as: 'outsider' }),
  does('token revoke {token}', { as: 'ann' }),
  refuses('token revoke {token}', /404/),
];

export const passwords: readonly Step[] = [
  does('user password set --original-password ann-password --password changed', { as: 'ann' }),
  refuses('user password set --original-password wrong --password changed', /401/),
  refuses('token issue', /401/, { as: 'ann' }),
  does('user set --password ann-password {ann}'),
];

export const applicationCredentials: readonly Step[] = [
  shows(
    'application credential create --secret hush --role member --description deploys --access-rules [{"service":"beacon","method":"GET","path":"/v1/lights"}] deploy',
    { name: 'deploy', secret: 'hush', description: 'deploys', project_id: '{fleet}', unrestricted: false },
    { as: 'ann', keep: 'deploy' },
  ),
  refuses('application credential create deploy', /409/, { as: 'ann' }),
  refuses('application credential create --role admin deploy2', /admin|400/, { as: 'ann' }),
  shows('application credential show deploy', { id: '{deploy}', name: 'deploy' }, { as: 'ann' }),
  refuses('application credential show nothing', /nothing/, { as: 'ann' }),
  lists('application credential list', { id: '{deploy}', name: 'deploy' }, { as: 'ann' }),
  lists('application credential list --user {ann}', { id: '{deploy}' }),
  refuses('application credential list --user {bob}', /403|bob|user/i, { as: 'ann' }),
  shows('token issue', { project_id: '{fleet}' }, { as: 'deploy' }),
  lists('access rule list', { service: 'beacon', method: 'GET', path: '/v1/lights' }, { as: 'ann', keep: 'lights' }),
  refuses('access rule list', /401/, { as: 'outsider' }),
  shows('access rule show {lights}', { id: '{lights}', path: '/v1/lights' }, { as: 'ann' }),
  refuses('access rule show {lights}', /401/, { as: 'outsider' }),
  refuses('access rule delete {lights}', /403|access rule/, { as: 'ann' }),
  does('application credential delete deploy', { as: 'ann' }),
  refuses('application credential delete deploy', /application credential/, { as: 'ann' }),
  does('access rule delete {lights}', { as: 'ann' }),
];

export const trusts: readonly Step[] = [
  shows(
    'trust create --project {fleet} --role {member} --impersonate --expiration 2040-01-01T00:00:00 {ann} {bob}',
    {
      project_id: '{fleet}',
      trustor_user_id: '{ann}',
      trustee_user_id: '{bob}',
      expires_at: /^2040-01-01T00:00:00/,
    },
    { as: 'ann', keep: 'trust' },
  ),
  refuses('trust create --project {fleet} --role {admin} {ann} {bob}', /403|404/, { as: 'ann' }),
  shows('trust show {trust}', { id: '{trust}' }, { as: 'ann' }),
  refuses('trust show nothing', /403/, { as: 'ann' }),
  lists('trust list', { id: '{trust}', project_id: '{fleet}', impersonation: true }),
  refuses('trust list', /403/, { as: 'ann' }),
  does('trust delete {trust}', { as: 'ann' }),
  refuses('trust delete {trust}', /trust/, { as: 'ann' }),
];

export const ec2: readonly Step[] = [
  shows(
    'ec2 credentials create',
    { project_id: '{fleet}', user_id: '{ann}', secret: /./, access: /./ },
    { as: 'ann', keep: { access: 'access' } },
  ),
  refuses('ec2 credentials create --project nothing', /nothing/),
  shows('ec2 credentials show {access}', { access: '{access}', user_id: '{ann}' }, { as: 'ann' }),
  refuses('ec2 credentials show nothing', /404|nothing/, { as: 'ann' }),
  lists('ec2 credentials list', { access: '{access}', project_id: '{fleet}', user_id: '{ann}' }, { as: 'ann' }),
  refuses('ec2 credentials list --user nobody', /nobody/),
  does('ec2 credentials delete {access}', { as: 'ann' }),
  refuses('ec2 credentials delete {access}', /EC2|404/, { as: 'ann' }),
  lacks('ec2 credentials list', { access: '{access}' }, { as: 'ann' }),
];

export const credentials: readonly Step[] = [
  shows(
    'credential create --type totp --project {fleet} {ann} GEZDGNBVGY3TQOJQ',
    { type: 'totp', user_id: '{ann}', blob: 'GEZDGNBVGY3TQOJQ', project_id: '{fleet}' },
    { keep: 'seed' },
  ),
  refuses('credential create --type ec2 {ann} {}', /400/),
  shows('credential show {seed}', { id: '{seed}' }),
  lists('credential list --user {ann} --type totp', { id: '{seed}', type: 'totp', user_id: '{ann}' }),
  refuses('credential list --user nobody', /nobody/),
  does('credential set --user {ann} --type totp --data MFRGGZDFMZTWQ2LK {seed}'),
  shows('credential show {seed}', { blob: 'MFRGGZDFMZTWQ2LK' }),
  refuses('credential set --user {ann} --type totp --data MFRGGZDF seed', /seed|404/),
  refuses('credential delete {seed}', /401/, { as: 'outsider' }),
  does('credential delete {seed}'),
  refuses('credential show {seed}', /credential/i),
];

export const oauth: readonly Step[] = [
  shows(
    'consumer create --description app',
    { description: 'app', secret: /./ },
    { keep: { consumer: 'id', consumerSecret: 'secret' } },
  ),
  refuses('consumer create', /403/, { as: 'ann' }),
  shows('consumer show {consumer}', { id: '{consumer}', description: 'app' }),
  refuses('consumer show {consumer}', /403/, { as: 'ann' }),
  lists('consumer list', { id: '{consumer}', description: 'app' }),
  refuses('consumer list', /403/, { as: 'ann' }),
  does('consumer set --description apps {consumer}'),
  refuses('consumer set --description apps {consumer}', /403/, { as: 'ann' }),

  does('role add --project {fleet} --user admin --user-domain default member'),
  shows(
    'request token create --consumer-key {consumer} --consumer-secret {consumerSecret} --project fleet --domain tide',
    { id: /./, key: /./, secret: /./, expires: /./ },
    { keep: { request: 'key', requestSecret: 'secret' } },
  ),
  refuses('request token create --consumer-key {consumer} --consumer-secret guess --project {fleet}', /401/),
  shows(
    'request token authorize --request-key {request} --role member',
    { oauth_verifier: /./ },
    { keep: { verifier: 'oauth_verifier' } },
  ),
  refuses('request token authorize --request-key nothing --role member', /404/),
  refuses(
    'access token create --consumer-key {consumer} --consumer-secret {consumerSecret} --request-key {request} --request-secret {requestSecret} --verifier guess',
    /40[01]/,
  ),
  shows(
    'access token create --consumer-key {consumer} --consumer-secret {consumerSecret} --request-key {request} --request-secret {requestSecret} --verifier {verifier}',
    { id: /./, key: /./, secret: /./ },
  ),
  does('role remove --project {fleet} --user admin --user-domain default member'),

  does('consumer delete {consumer}'),
  refuses('consumer delete {consumer}', /consumer/),
];
