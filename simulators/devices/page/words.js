// Everything the page says by itself, in both languages. Screens and slips are the devices' own and stay Chinese.

export const language = new URLSearchParams(location.search).get("lang") === "en" ? "en" : "zh";

const WORDS = {
  zh: {
    title: "秤信 · 虚拟设备", subtitle: "虚拟设备：真固件，真签名", otherLanguage: "English",
    foot: "每台设备都是一个真实的 MicroPython 进程，运行出厂固件。按 Ctrl-C 结束。",
    keys: "选中设备后可用键盘：数字键，F1–F8 商品，Z 置零，T 去皮，C 清除。",
    custody: "记录在谁手里", signed: "设备已签名", gateway: "网关已存", committed: "云端已入账", quarantined: "隔离",
    network: "市场网络", uplink: "上行线路", cut: "切断", mend: "接通", busy: "稍候…", up: "通", down: "断",
    signedHere: "已签", records: "条",
    off: "已断电", starting: "启动中…", on: "运行中", stopped: "已停机", plugIn: "插上电源", pullPlug: "拔掉电源",
    screen: "屏幕", lamps: "指示灯", keypad: "键盘", noGoods: "空键", perKg: "元/kg",
    pan: "秤盘", panEmpty: "秤盘是空的", loose: "散称", clearPan: "全部取下", grams: "克",
    cards: "卡片", reader: "读卡区",
    printer: "打印机", ok: "正常", paper_out: "缺纸", jam: "卡纸", tear: "撕下小票", noSlip: "等待打印",
    slip: "小票", openTrace: "打开追溯页", torn: "撕下的小票",
    pageLost: "与虚拟设备的连接断了，正在重连。若已按 Ctrl-C，请再运行 make devices。",
    refused: "这一步没有做成：", serviceTrouble: "网关或云端没有起来：",
    "scale.stopped": "设备自己停机了，可以重新插上电源。", "scale.timeout": "设备没有按时启动。若秤盘上有货，请先取下再插上电源。",
    trouble: "设备出错：", lastWords: "详情：",
  },
  en: {
    title: "Chengxin · virtual devices", subtitle: "Virtual devices: real firmware, real signatures", otherLanguage: "中文",
    foot: "Each device is a real MicroPython process that runs the shipped firmware. Ctrl-C ends it.",
    keys: "With a device selected, keys work: digits, F1–F8 goods, Z zero, T tare, C clear.",
    custody: "Where the records are", signed: "signed", gateway: "at the gateway", committed: "committed", quarantined: "quarantined",
    network: "Network", uplink: "Uplink", cut: "Cut", mend: "Mend", busy: "wait…", up: "up", down: "down",
    signedHere: "signed", records: "",
    off: "no power", starting: "starting…", on: "running", stopped: "stopped", plugIn: "Plug in", pullPlug: "Pull the plug",
    screen: "Screen", lamps: "Lamps", keypad: "Keys", noGoods: "free", perKg: "¥/kg",
    pan: "Pan", panEmpty: "The pan is empty", loose: "Loose", clearPan: "Take all off", grams: "g",
    cards: "Cards", reader: "Card reader",
    printer: "Printer", ok: "OK", paper_out: "No paper", jam: "Jam", tear: "Tear off", noSlip: "Nothing printed",
    slip: "Slip", openTrace: "open its trace page", torn: "Slips torn off",
    pageLost: "The connection to the devices is lost; trying again. After Ctrl-C, run make devices again.",
    refused: "That was not done: ", serviceTrouble: "Gateway or cloud did not start: ",
    "scale.stopped": "The device stopped by itself. You can plug it in again.",
    "scale.timeout": "The device did not start in time. If goods lie on the pan, take them off and plug it in again.",
    trouble: "The device has a fault: ", lastWords: "Detail: ",
  },
};

/** Return the page's words for `key`. */
export const say = (key) => WORDS[language][key] ?? key;

/** Return the words of `label` ({zh, en}) in the page's language. */
export const inLanguage = (label) => label[language];

/** Return what to tell about a device's trouble ({code, detail}). */
export function troubleText({ code, detail }) {
  const words = code in WORDS[language] ? say(code) : say("trouble") + code;
  return detail ? `${words} ${say("lastWords")}${detail}` : words;
}
