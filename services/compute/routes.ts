/** Entry point 1, HTTP: the routes of all resources. A rule that depends on more than the caller's project is checked in the handler. */
import type { Route } from '#shared/http/route.ts';
import { aggregateRoutes } from './aggregates/routes.ts';
import { attachmentRoutes } from './attachments/handlers.ts';
import { consoleRoutes } from './consoles/handlers.ts';
import type { Compute } from './context.ts';
import { diagnosticsRoutes } from './diagnostics/handlers.ts';
import { eventRoutes } from './events/handlers.ts';
import { extensionRoutes } from './extensions/handlers.ts';
import { flavorRoutes } from './flavors/routes.ts';
import { goneRoutes } from './gone/routes.ts';
import { hypervisorRoutes } from './hosts/handlers.ts';
import { oldHostRoutes } from './hosts/old-hosts.ts';
import { instanceActionRoutes } from './instance-actions/handlers.ts';
import { interfaceRoutes } from './interfaces/handlers.ts';
import { keypairRoutes } from './keypairs/handlers.ts';
import { proxyRoutes } from './proxies/handlers.ts';
import { quotaRoutes } from './quotas/handlers.ts';
import { securityGroupRoutes } from './security-groups/handlers.ts';
import { serverGroupRoutes } from './server-groups/handlers.ts';
import { migrationRoutes } from './server-migrations/handlers.ts';
import { serverRoutes } from './servers/routes.ts';
import { serviceRoutes } from './services/handlers.ts';
import { auditLogRoutes } from './usages/audit-log.ts';
import { usageRoutes } from './usages/handlers.ts';
import { versionRoutes } from './versions/handlers.ts';
import { zoneRoutes } from './zones/handlers.ts';

export const routes: Route<Compute>[] = [
  ...versionRoutes,
  ...extensionRoutes,
  ...serverRoutes,
  ...consoleRoutes,
  ...attachmentRoutes,
  ...interfaceRoutes,
  ...instanceActionRoutes,
  ...migrationRoutes,
  ...eventRoutes,
  ...diagnosticsRoutes,
  ...flavorRoutes,
  ...securityGroupRoutes,
  ...serverGroupRoutes,
  ...proxyRoutes,
  ...keypairRoutes,
  ...serviceRoutes,
  ...hypervisorRoutes,
  ...oldHostRoutes,
  ...zoneRoutes,
  ...aggregateRoutes,
  ...quotaRoutes,
  ...usageRoutes,
  ...auditLogRoutes,
  ...goneRoutes,
];
