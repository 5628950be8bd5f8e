/** The hosts of the cloud, for administrators: read again every few seconds while it is shown. */
import { useEffect, useState } from 'preact/hooks';
import type { Host, Rack as RackBody } from '../rack/view.ts';
import { ask, problemOf } from './api.ts';
import { formatDisk, formatRam } from './format.ts';
import { html } from './html.ts';
import { say, type Word } from './words.ts';

const refreshMs = 10_000;

export function Rack() {
  const [rack, setRack] = useState<RackBody>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    const load = () =>
      ask<{ rack: RackBody }>('GET', '/rack').then(
        (found) => {
          setRack(found.rack);
          setProblem('');
        },
        (error: unknown) => setProblem(problemOf(error)),
      );
    void load();
    const timer = setInterval(load, refreshMs);
    return () => clearInterval(timer);
  }, []);
  return html`<h1>${say('app.rack')}</h1>
    <p role="alert" class="problem">${problem}</p>
    ${rack && html`<${Down} down=${rack.down} /><${Hosts} hosts=${rack.hosts} />`}`;
}

function Down({ down }: Pick<RackBody, 'down'>) {
  if (down.length === 0) return html`<p role="status">${say('rack.allWell')}</p>`;
  return html`<ul role="status" class="problem">
    ${down.map(
      ({ part, host, since }) =>
        html`<li key=${`${part} ${host}`}>${say('rack.silent', { part, host, since: since ?? say('rack.never') })}</li>`,
    )}
  </ul>`;
}

function Hosts({ hosts }: Pick<RackBody, 'hosts'>) {
  if (hosts.length === 0) return html`<p class="empty">${say('rack.none')}</p>`;
  return html`<ul class="machines" aria-label=${say('app.rack')}>
    ${hosts.map((host) => html`<${Card} key=${host.name} host=${host} />`)}
  </ul>`;
}

function Card({ host: { name, state, reason, machines, cores, ram_mb: ram, disk_gb: disk } }: { readonly host: Host }) {
  return html`<li class="card">
    <h2>${name}</h2>
    <p class=${`state ${state === 'up' ? 'running' : 'failed'}`}>${say(`rack.${state}` as Word)}</p>
    ${reason && html`<p>${reason}</p>`}
    <p class="size">${say('rack.machines', { count: machines })}</p>
    <${Meter} label=${say('rack.cores')} of=${cores} format=${String} />
    <${Meter} label=${say('rack.ram')} of=${ram} format=${formatRam} />
    <${Meter} label=${say('rack.disk')} of=${disk} format=${formatDisk} />
  </li>`;
}

interface MeterProps {
  readonly label: string;
  readonly of: { readonly used: number; readonly total: number };
  format(amount: number): string;
}

function Meter({ label, of: { used, total }, format }: MeterProps) {
  return html`<label class="meter">
    <span>${label}: ${say('rack.of', { used: format(used), total: format(total) })}</span>
    <meter min="0" max=${Math.max(total, 1)} high=${total * 0.9} value=${used}></meter>
  </label>`;
}
