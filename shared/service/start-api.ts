/** The common start of every service with an API: settings, session, token keys. */

import type { PolicySettings } from '#shared/auth/policy-file.ts';
import { listenAt, loginUrlOf, readCloud } from '#shared/config/cloud.ts';
import type { Section, Setting, ValuesOf } from '#shared/config/settings.ts';
import type { ApiServer } from './api-server.ts';
import { edgeOf } from './edge.ts';
import type { Runtime } from './runtime.ts';
import { sessionOf } from './session.ts';
import { watchTokenKeys } from './token-keys.ts';

type ApiSection = Section & { readonly listen: Setting<string>; readonly publicUrl: Setting<string> };
type ApiConfig = PolicySettings & { readonly listen: string; readonly publicUrl: string };

/** `user` is the service's user in project `service`. `close` ends the watch of the token keys. */
export function startApi<S extends ApiSection>(
  { settings, log, bus, ...runtime }: Runtime,
  name: string,
  section: S,
  user: string,
) {
  const cloud = readCloud(settings);
  const config: ValuesOf<S> & ApiConfig = settings.read(name, section);
  const session = sessionOf(cloud, user);
  const { identify, close } = watchTokenKeys({ session, bus, log });
  const apiServer: ApiServer = {
    identify,
    log,
    at: listenAt(cloud, config.listen),
    validation: cloud.validation,
    edge: edgeOf(cloud, config, runtime),
    policySettings: config,
  };
  /** The URL of identity in the WWW-Authenticate header of a 401. */
  const identityUrl = loginUrlOf(cloud);
  return { cloud, config, session, apiServer, identityUrl, close };
}
