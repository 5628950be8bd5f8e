import type { Route } from '#shared/http/route.ts';
import { applicationCredentialRoutes } from './application-credentials/routes.ts';
import { assignmentRoutes } from './assignments/routes.ts';
import { withAudit } from './audit/with-audit.ts';
import { catalogRoutes } from './catalog/routes.ts';
import { policyRoutes } from './catalog-policies/routes.ts';
import type { Identity } from './context.ts';
import { credentialRoutes } from './credentials/routes.ts';
import { domainConfigRoutes } from './domain-config/routes.ts';
import { endpointFilterRoutes } from './endpoint-filter/routes.ts';
import { federationRoutes } from './federation/routes.ts';
import { groupRoutes } from './groups/routes.ts';
import { keyRoutes } from './keys/routes.ts';
import { limitRoutes } from './limits/routes.ts';
import { oauthRoutes } from './oauth/routes.ts';
import { oauth2Routes } from './oauth2/routes.ts';
import { projectRoutes } from './projects/routes.ts';
import { retiredRoutes } from './retired/routes.ts';
import { roleRoutes } from './roles/routes.ts';
import { forgettingFacts } from './tokens/forget-facts.ts';
import { tokenRoutes } from './tokens/routes.ts';
import { trustRoutes } from './trusts/routes.ts';
import { userRoutes } from './users/routes.ts';
import { listVersions, showVersionOr } from './versions/handlers.ts';
import { jsonHome } from './versions/json-home.ts';

const all: Route<Identity>[] = [
  { method: 'get', path: '/', handler: listVersions, auth: 'none' },
  { method: 'get', path: '/v3', handler: showVersionOr(() => jsonHome(routes)), auth: 'none' },
  ...keyRoutes,
  ...tokenRoutes,
  ...domainConfigRoutes,
  ...projectRoutes,
  ...userRoutes,
  ...groupRoutes,
  ...roleRoutes,
  ...assignmentRoutes,
  ...catalogRoutes,
  ...applicationCredentialRoutes,
  ...trustRoutes,
  ...credentialRoutes,
  ...oauthRoutes,
  ...oauth2Routes,
  ...limitRoutes,
  ...policyRoutes,
  ...endpointFilterRoutes,
  ...federationRoutes,
  ...retiredRoutes,
];

export const routes: Route<Identity>[] = all.map(forgettingFacts).map(withAudit);
