"""Which pin does what on an ESP32-S3: the only place that knows the wiring of an ESP32-S3-WROOM-1, 8 MB PSRAM."""

LOAD_CELL_DATA = 4
LOAD_CELL_CLOCK = 5

KEY_ROWS = (6, 7, 15, 16)
KEY_COLUMNS = (17, 18, 8, 3, 46)

CARD_UART = (1, 9, 10)  # (UART number, TX, RX)
PRINTER_UART = (2, 11, 12)

TAG_UART = (0, 43, 44)  # slaughter line only: its console is on the USB port of the chip

BEEPER = 1

DISPLAY_I2C = (0, 14, 13)  # (bus, SCL, SDA)

LAMPS = {"stable": 21, "zero": 47, "net": 48, "link": 45, "pending": 39, "alarm": 38}

CASE_SWITCH = 40  # to ground while the case is closed
SEAL_SWITCH = 41  # to ground while parameters may be changed
MODULE_UART = (
    0,
    42,
    2,
)  # a sealed weighing module in place of the HX711; on a slaughter line tags take this UART

GNSS_UART = (1, 9, 10)  # handheld only: it has no card reader, no printer, and its console is on the USB port
SCANNER_UART = (2, 11, 12)
CAMERA_UART = (0, 43, 44)
BATTERY_ADC = None  # (pin, divider) on a board that runs from a battery; the reference board does not
BATTERY_MV = (5700, 6500)  # empty and full: a 6 V lead-acid battery under the load of a scale
