/** The screen of a machine, by noVNC, which is loaded when it is first needed. */
import type Viewer from '@novnc/novnc';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Machine } from './api.ts';
import { html } from './html.ts';
import { say } from './words.ts';

interface Props {
  readonly machine: Machine;
  onClose(): void;
}

export function Screen({ machine: { id, name }, onClose }: Props) {
  const [status, setStatus] = useState<'connecting' | 'open' | 'closed'>('connecting');
  const [attempt, setAttempt] = useState(0);
  const place = useRef<HTMLDivElement>(null);
  const viewer = useRef<Viewer>(null);
  useEffect(() => {
    const ending = new AbortController();
    setStatus('connecting');
    void open(id, place.current, ending.signal, setStatus).then((made) => {
      viewer.current = made ?? null;
    });
    return () => {
      ending.abort();
      viewer.current?.disconnect();
    };
  }, [id, attempt]);
  return html`<section class="screen" aria-label=${say('screen.title', { name })}>
    <header>
      <h1>${say('screen.title', { name })}</h1>
      <button disabled=${status !== 'open'} onClick=${() => viewer.current?.sendCtrlAltDel()}>
        ${say('screen.keys')}
      </button>
      <button onClick=${onClose}>${say('app.close')}</button>
    </header>
    <p role="status">
      ${status === 'connecting' && say('screen.connecting')}
      ${
        status === 'closed' &&
        html`${say('screen.closed')} <button onClick=${() => setAttempt(attempt + 1)}>${say('screen.again')}</button>`
      }
    </p>
    <div class="view" ref=${place}></div>
  </section>`;
}

async function open(
  id: string,
  place: HTMLElement | null,
  signal: AbortSignal,
  setStatus: (status: 'open' | 'closed') => void,
): Promise<Viewer | undefined> {
  const { default: Rfb } = await import('@novnc/novnc');
  if (signal.aborted || !place) return undefined;
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const viewer = new Rfb(place, `${scheme}://${location.host}/api/machines/${id}/screen`, { wsProtocols: ['binary'] });
  viewer.scaleViewport = true;
  viewer.addEventListener('connect', () => {
    setStatus('open');
    viewer.focus();
  });
  viewer.addEventListener('disconnect', () => {
    if (!signal.aborted) setStatus('closed');
  });
  return viewer;
}
