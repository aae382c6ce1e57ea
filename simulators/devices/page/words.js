// Everything the page says by itself, in both languages. Screens and slips are the devices' own and stay Chinese.

export const language = new URLSearchParams(location.search).get("lang") === "en" ? "en" : "zh";

const WORDS = {
  zh: {
    title: "秤信 · 虚拟设备", subtitle: "虚拟设备：真固件，真签名", otherLanguage: "English",
    foot: "每台设备都是一个真实的 MicroPython 进程，运行出厂固件。按 Ctrl-C 结束。",
    keys: "选中设备后可用键盘：数字键，F1–F8 商品或批次，Z 置零，T 去皮，C 清除，回车 确认。",
    custody: "记录在谁手里", signed: "设备已签名", gateway: "网关已存", committed: "云端已入账", quarantined: "隔离",
    network: "市场网络", uplink: "上行线路", cut: "切断", mend: "接通", busy: "稍候…", up: "通", down: "断",
    signedHere: "已签", records: "条",
    off: "已断电", starting: "启动中…", on: "运行中", stopped: "已停机", plugIn: "插上电源", pullPlug: "拔掉电源",
    screen: "屏幕", lamps: "指示灯", keypad: "键盘", noGoods: "空键", perKg: "元/kg",
    loose: "散称", plate: "秤盘", plateEmpty: "秤盘是空的", plateClear: "全部取下",
    platform: "台面", platformEmpty: "台面是空的", platformClear: "全部搬走", rail: "轨道", railEmpty: "轨道是空的", railClear: "推走",
    cards: "卡片", reader: "读卡区",
    printer: "打印机", ok: "正常", paper_out: "缺纸", jam: "卡纸", tear: "撕下小票", noSlip: "等待打印",
    slip: "小票", openTrace: "打开追溯页", torn: "撕下的小票",
    openCase: "打开机箱", closeCase: "合上机箱", engineer: "维修工程师", challenge: "询问码", askAuthority: "问计量监管",
    closeFirst: "先合上机箱，再用数字键输入解锁码。", askFirst: "报出询问码，监管部门给出解锁码。", typeAnswer: "用设备的数字键输入解锁码。",
    tagReader: "耳标读取器", "tag.next": "下一只耳标", "tag.again": "再读上一只", "tag.hook": "挂钩", "tag.cattle": "牛耳标", "tag.noise": "干扰",
    beeper: "蜂鸣器", soundDone: "短一声：完成", soundFlagged: "短两声：已登记，有标记", soundRefused: "长一声：未做，看屏幕",
    scanner: "扫码", noSlipsYet: "别的设备打出的小票会出现在这里，可以扫。",
    camera: "照相", takePhoto: "拍照", photo: "照片", map: "草图：点一下，或用方向键走动",
    sky: "卫星定位", "sky.good": "信号好", "sky.poor": "信号差", "sky.none": "无信号", "sky.garbage": "乱码",
    away: "这张卡在另一台设备上，点一下就拿过来", desk: "入场登记处", voucher: "屠宰凭证", enterVoucher: "查总账，写到购货方卡上", noVouchers: "屠宰线打出的凭证会出现在这里，登记后写到购货方的卡上。",
    "desk.unreachable": "云端连不上，登记处查不到凭证。", "desk.not_yet": "凭证的记录还没有到云端，请稍后再试。", "desk.nobody": "购货方在这里没有卡。", "card.full": "卡写满了。",
    pageLost: "与虚拟设备的连接断了，正在重连。若已按 Ctrl-C，请再运行 make devices。",
    refused: "这一步没有做成：", serviceTrouble: "网关或云端没有起来：",
    "scale.stopped": "设备自己停机了，可以重新插上电源。", "scale.timeout": "设备没有按时启动。若秤上有货，请先取下再插上电源。",
    trouble: "设备出错：", lastWords: "详情：",
  },
  en: {
    title: "Chengxin · virtual devices", subtitle: "Virtual devices: real firmware, real signatures", otherLanguage: "中文",
    foot: "Each device is a real MicroPython process that runs the shipped firmware. Ctrl-C ends it.",
    keys: "With a device selected, keys work: digits, F1–F8 goods or lots, Z zero, T tare, C clear, Enter OK.",
    custody: "Where the records are", signed: "signed", gateway: "at the gateway", committed: "committed", quarantined: "quarantined",
    network: "Network", uplink: "Uplink", cut: "Cut", mend: "Mend", busy: "wait…", up: "up", down: "down",
    signedHere: "signed", records: "",
    off: "no power", starting: "starting…", on: "running", stopped: "stopped", plugIn: "Plug in", pullPlug: "Pull the plug",
    screen: "Screen", lamps: "Lamps", keypad: "Keys", noGoods: "free", perKg: "¥/kg",
    loose: "Loose", plate: "Pan", plateEmpty: "The pan is empty", plateClear: "Take all off",
    platform: "Platform", platformEmpty: "The platform is empty", platformClear: "Take all off", rail: "Rail", railEmpty: "The rail is empty", railClear: "Move on",
    cards: "Cards", reader: "Card reader",
    printer: "Printer", ok: "OK", paper_out: "No paper", jam: "Jam", tear: "Tear off", noSlip: "Nothing printed",
    slip: "Slip", openTrace: "open its trace page", torn: "Slips torn off",
    openCase: "Open the case", closeCase: "Close the case", engineer: "Service engineer", challenge: "Challenge", askAuthority: "Ask the authority",
    closeFirst: "Close the case first; then type the answer on the digit keys.", askFirst: "Tell the authority the challenge; it tells the answer.", typeAnswer: "Type the answer on the device's digit keys.",
    tagReader: "Ear tag reader", "tag.next": "Next ear tag", "tag.again": "Last one again", "tag.hook": "Hook", "tag.cattle": "Cattle tag", "tag.noise": "Noise",
    beeper: "Beeper", soundDone: "one short: done", soundFlagged: "two short: recorded, flagged", soundRefused: "one long: refused, see the screen",
    scanner: "Scan", noSlipsYet: "Slips that the other devices print appear here, to be scanned.",
    camera: "Camera", takePhoto: "Take a photo", photo: "Photo", map: "Sketch map: click, or walk with the arrow keys",
    sky: "Satellites", "sky.good": "Good", "sky.poor": "Poor", "sky.none": "No fix", "sky.garbage": "Garbage",
    away: "This card lies on another device; click to take it from there", desk: "Card desk", voucher: "Slaughter voucher", enterVoucher: "looked up in the ledger, written on the buyer's card", noVouchers: "Vouchers from the slaughter line appear here, to be written on their buyer's card.",
    "desk.unreachable": "the cloud does not answer, so the desk cannot look the voucher up.", "desk.not_yet": "the voucher's record has not reached the cloud yet; try again.", "desk.nobody": "the buyer has no card here.", "card.full": "the card is full.",
    pageLost: "The connection to the devices is lost; trying again. After Ctrl-C, run make devices again.",
    refused: "That was not done: ", serviceTrouble: "Gateway or cloud did not start: ",
    "scale.stopped": "The device stopped by itself. You can plug it in again.",
    "scale.timeout": "The device did not start in time. If goods lie on it, take them off and plug it in again.",
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
