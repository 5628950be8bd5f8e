declare module '@novnc/novnc' {
  export default class Viewer extends EventTarget {
    constructor(place: HTMLElement, url: string, options: { readonly wsProtocols: readonly string[] });
    scaleViewport: boolean;
    focus(): void;
    disconnect(): void;
    sendCtrlAltDel(): void;
  }
}
