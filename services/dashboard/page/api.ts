/** What the page asks of its server. */
import type { Machine } from '../machines/view.ts';

export type { Machine };

export interface SessionInfo {
  readonly user: string;
  readonly project: { readonly id: string; readonly name: string };
  readonly projects: readonly { readonly id: string; readonly name: string }[];
  readonly csrf: string;
}

export interface Template {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly system: string | null;
  readonly min_ram_mb: number;
  readonly min_disk_gb: number;
}

export interface Size {
  readonly id: string;
  readonly name: string;
  readonly cores: number;
  readonly ram_mb: number;
  readonly disk_gb: number;
  readonly too_large: { readonly quota: string; readonly free: number } | null;
}

export interface Choices {
  readonly templates: readonly Template[];
  readonly sizes: readonly Size[];
  readonly keys: readonly string[];
  readonly networks: readonly { readonly id: string; readonly name: string; readonly is_default: boolean }[];
}

/** An answer that is an error, with its text for people. */
export class Refused extends Error {
  readonly status: number;
  readonly type: string | undefined;
  constructor(status: number, message: string, type: string | undefined) {
    super(message);
    this.status = status;
    this.type = type;
  }
}

let csrf = '';

/** Throws Refused for an error of the server, TypeError when it does not answer. */
export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`/api${path}`, {
    method,
    headers: { 'x-csrf-token': csrf, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const found = text === '' ? undefined : JSON.parse(text);
  if (!answer.ok) throw new Refused(answer.status, found?.error?.message ?? answer.statusText, found?.error?.type);
  return found as T;
}

type Shown = { readonly session: SessionInfo | null };

async function session(method: string, path: string, body?: unknown): Promise<SessionInfo | null> {
  const { session: info } = await ask<Shown>(method, path, body);
  csrf = info?.csrf ?? '';
  return info;
}

export const findSession = () => session('GET', '/session');
export const logIn = (credentials: object) => session('POST', '/session', credentials);
export const changeProject = (id: string) => session('PUT', '/session/project', { id });
export const logOut = (): Promise<void> => ask('DELETE', '/session');

interface Watching {
  onMachines(machines: readonly Machine[]): void;
  /** The session has ended. */
  onEnd(): void;
  /** Whether the server answers. */
  onLink(isThere: boolean): void;
}

/** Calls at each change until the returned function is called. The browser connects again by itself. */
export function watchMachines({ onMachines, onEnd, onLink }: Watching): () => void {
  const source = new EventSource('/api/live');
  source.addEventListener('open', () => onLink(true));
  source.addEventListener('machines', ({ data }) => onMachines((JSON.parse(data) as { machines: Machine[] }).machines));
  source.addEventListener('ended', onEnd);
  source.addEventListener('error', () => {
    onLink(false);
    if (source.readyState === EventSource.CLOSED)
      void findSession().then(
        (info) => info ?? onEnd(),
        () => {},
      );
  });
  return () => source.close();
}
