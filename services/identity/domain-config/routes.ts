import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { deleteConfig, patchConfig, putConfig, showConfig, showDefaults, showSecurity } from './handlers.ts';

const whole = '/v3/domains/:id/config';
const group = `${whole}/:group`;
const option = `${group}/:option`;
const rule = (name: string) => `identity:${name}`;

/** The fixed paths come first: `default` and `security_compliance` would match `:group`. */
export const domainConfigRoutes: readonly Route<Identity>[] = [
  ...['', '/:group', '/:group/:option'].map(
    (below): Route<Identity> => ({
      method: 'get',
      path: `/v3/domains/config${below}/default`,
      handler: showDefaults,
      rule: rule('get_domain_config_default'),
    }),
  ),
  ...['', '/:option'].map(
    (below): Route<Identity> => ({
      method: 'get',
      path: `${whole}/security_compliance${below}`,
      handler: showSecurity,
      rule: rule('get_security_compliance_domain_config'),
    }),
  ),
  { method: 'put', path: whole, handler: putConfig, rule: rule('create_domain_config') },
  ...[whole, group, option].flatMap((path): Route<Identity>[] => [
    { method: 'get', path, handler: showConfig, rule: rule('get_domain_config') },
    { method: 'patch', path, handler: patchConfig, rule: rule('update_domain_config') },
    { method: 'delete', path, handler: deleteConfig, rule: rule('delete_domain_config') },
  ]),
];
