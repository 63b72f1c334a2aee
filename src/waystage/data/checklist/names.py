"""Names of the people in the tests, in the scripts of the table."""

from __future__ import annotations

from waystage.languages.language import find_language

# The same twelve names, each place the same one. They are men's, as in MultiCheckList, whose adjectives and nouns are
# in that form only where a language tells them apart; none is part of another.
_NAMES = {
    "Latn": "Adam Daniel David Martin Thomas Peter Simon Leon Marco Anton Robert Victor",
    "Arab": "آدم دانيال داود مارتن توماس بطرس سمعان ليون ماركو أنطون روبرت فيكتور",
    "Beng": "আদম ড্যানিয়েল ডেভিড মার্টিন টমাস পিটার সাইমন লিওন মার্কো আন্তন রবার্ট ভিক্টর",
    "Cyrl": "Адам Даниел Давид Мартин Томас Петер Симон Леон Марко Антон Роберт Виктор",
    "Deva": "आदम डैनियल डेविड मार्टिन थॉमस पीटर साइमन लियोन मार्को एंटोन रॉबर्ट विक्टर",
    "Geor": "ადამი დანიელი დავითი მარტინი თომასი პეტრე სიმონი ლეონი მარკო ანტონი რობერტი ვიქტორი",
    "Grek": "Αδάμ Ντάνιελ Ντέιβιντ Μάρτιν Τόμας Πίτερ Σάιμον Λέον Μάρκο Άντον Ρόμπερτ Βίκτορ",
    "Gujr": "આદમ ડેનિયલ ડેવિડ માર્ટિન થોમસ પીટર સાયમન લિયોન માર્કો એન્ટોન રોબર્ટ વિક્ટર",
    "Guru": "ਆਦਮ ਡੈਨੀਅਲ ਡੇਵਿਡ ਮਾਰਟਿਨ ਥਾਮਸ ਪੀਟਰ ਸਾਈਮਨ ਲਿਓਨ ਮਾਰਕੋ ਐਂਟਨ ਰਾਬਰਟ ਵਿਕਟਰ",
    "Hang": "아담 다니엘 데이비드 마틴 토마스 피터 시몬 레온 마르코 안톤 로버트 빅터",
    "Hans": "亚当 丹尼尔 大卫 马丁 托马斯 彼得 西蒙 莱昂 马可 安东 罗伯特 维克多",
    "Hebr": "אדם דניאל דוד מרטין תומאס פיטר סימון ליאון מרקו אנטון רוברט ויקטור",
    "Jpan": "アダム ダニエル デイビッド マーティン トーマス ピーター サイモン レオン マルコ アントン ロバート ビクター",
    "Mlym": "ആദം ഡാനിയേൽ ഡേവിഡ് മാർട്ടിൻ തോമസ് പീറ്റർ സൈമൺ ലിയോൺ മാർക്കോ ആന്റൺ റോബർട്ട് വിക്ടർ",
    "Mymr": "အာဒမ် ဒန်နီယယ် ဒေးဗစ် မာတင် သောမတ်စ် ပီတာ ဆိုင်မွန် လီယွန် မာကို အန်တွန် ရောဘတ် ဗစ်တာ",
    "Taml": "ஆதம் டேனியல் டேவிட் மார்ட்டின் தாமஸ் பீட்டர் சைமன் லியோன் மார்கோ ஆண்டன் ராபர்ட் விக்டர்",
    "Telu": "ఆదమ్ డేనియల్ డేవిడ్ మార్టిన్ థామస్ పీటర్ సైమన్ లియోన్ మార్కో ఆంటన్ రాబర్ట్ విక్టర్",
    "Thai": "อดัม แดเนียล เดวิด มาร์ติน โทมัส ปีเตอร์ ไซมอน เลออน มาร์โค อันตอน โรเบิร์ต วิคเตอร์",
}  # fmt: skip

N_NAMES = len(_NAMES["Latn"].split())


def names_of(language: str) -> tuple[str, ...]:
    """The names in the script of a language; in Latin letters where Waystage does not have them in it."""
    known = find_language(language)
    return tuple(_NAMES.get(known.scripts[0] if known else "Latn", _NAMES["Latn"]).split())
