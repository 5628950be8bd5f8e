/** What the page asks of its server. */
import type { Machine } from '../machines/view.ts';
import type { Template } from '../templates/view.ts';
import { say } from './words.ts';

export type { Machine, Template };

export interface SessionInfo {
  readonly user: string;
  readonly project: { readonly id: string; readonly name: string };
  readonly projects: readonly { readonly id: string; readonly name: string }[];
  readonly csrf: string;
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

/** What a failed request says to people. */
export const problemOf = (error: unknown): string => (error instanceof Refused ? error.message : say('app.offline'));

let csrf = '';

/** Throws Refused for an error of the server, TypeError when it does not answer. */
export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`/api${path}`, {
    method,
    headers: { 'x-csrf-token': csrf, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return resultOf(answer.status, await answer.text());
}

function resultOf<T>(status: number, text: string): T {
  const found = text === '' ? undefined : JSON.parse(text);
  if (status >= 400) throw new Refused(status, found?.error?.message ?? String(status), found?.error?.type);
  return found as T;
}

/** Calls `onProgress` with the part that is sent, from 0 to 1; fetch cannot tell it. Throws as `ask`. */
export function uploadTemplate(
  file: File,
  name: string,
  description: string,
  onProgress: (part: number) => void,
): Promise<Template> {
  const query = new URLSearchParams({ name, description, file: file.name });
  const sending = new XMLHttpRequest();
  sending.open('POST', `/api/templates?${query}`);
  sending.setRequestHeader('x-csrf-token', csrf);
  sending.setRequestHeader('content-type', 'application/octet-stream');
  sending.upload.addEventListener('progress', ({ loaded, total }) => onProgress(total === 0 ? 1 : loaded / total));
  return new Promise((resolve, reject) => {
    sending.addEventListener('error', () => reject(new TypeError('the connection was lost')));
    sending.addEventListener('load', () => {
      try {
        resolve(resultOf<{ template: Template }>(sending.status, sending.responseText).template);
      } catch (error) {
        reject(error);
      }
    });
    sending.send(file);
  });
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
